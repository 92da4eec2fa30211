"""Nobody but an allowed host is ever contacted, and no answer of it takes long or fills the memory."""

import ssl
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from berth_local.git_server import GitRequests
from chalicelib.adapters.repositories import GitRepositoryReader
from chalicelib.adapters.repositories.addresses import is_permitted
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.ports.repositories import RepositoryRefused, RepositoryUnavailable
from tests.repositories.conftest import HOST, Resolver, ServerOf, file_of, hosts_of, url_of
from tests.repositories.git_server import GitServer

PUBLIC = GitHost(HOST)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450::1"]
)
def test_public_addresses_may_be_dialled(address: str) -> None:
    """A host without listed addresses may be at any public address."""
    assert is_permitted(address, PUBLIC)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",  # private
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16",  # metadata
        "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::1", "fe80::1%eth0",
        "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "192.0.0.8", "192.0.2.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "100::1", "2001:db8::1",
        "3fff::1", "5f00::1", "2001:2::1", "2001:10::1",
        "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:93.184.216.34", "::169.254.169.254", "::127.0.0.1",
        "::ffff:0:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::808:808",
        "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::", "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:5601:5601",
        "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "", "git.example.test",
    ],
)  # fmt: skip
def test_other_addresses_may_not_be_dialled(address: str) -> None:
    """Nothing private, special, embedded in IPv6 or spelled oddly is a public address."""
    assert not is_permitted(address, PUBLIC)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254",
        "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:169.254.169.254",
        "::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1",
        "2001:0:0:0:0:0:5601:5601",
    ],
)  # fmt: skip
def test_metadata_is_never_dialled(address: str) -> None:
    """Metadata addresses stay closed even when an organisation lists the whole internet."""
    assert not is_permitted(address, GitHost(HOST, addresses=("0.0.0.0/0", "::/0")))


@pytest.mark.parametrize(
    "listed,address,expected",
    [
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3/16", "10.1.9.9", True),
        ("fd00::/64", "fd00::5", True),
        ("10.1.0.0/16", "10.2.0.1", False),
        ("10.1.0.0/16", "93.184.216.34", False),
        ("10.1.0.0/16", "::ffff:10.1.2.3", False),
        ("10.1.0.0/16", "fd00::5", False),
    ],
)
def test_listed_addresses_are_the_only_ones(listed: str, address: str, expected: bool) -> None:
    """A host with listed addresses may be there and nowhere else."""
    assert is_permitted(address, GitHost(HOST, addresses=(listed,))) is expected


ADDRESSES = [
    "http://git.example.test/a/b",
    "git://git.example.test/a/b",
    "ssh://git@git.example.test/a/b",
    "git@git.example.test:a/b",
    "file:///etc/passwd",
    "ext::sh -c id",
    "HTTPS://git.example.test/a/b",
    "https://GIT.example.test/a/b",
    "https://git.example.test./a/b",
    "https://git.example.test",
    "https://git.example.test/",
    "https://git.example.test/../b",
    "https://git.example.test/a/..",
    "https://git.example.test//a",
    "https://git.example.test/a?x=1",
    "https://git.example.test/a#b",
    "https://git.example.test/a%2fb",
    "https://git.example.test/a b",
    "https://git.example.test/a\n",
    " https://git.example.test/a",
    "https://git.example.test\\@evil.example/a",
    "https://evil.example\\@git.example.test/a",
    "https://user@git.example.test/a/b",
    "https://user:word@git.example.test/a/b",
    "https://git.example.test@evil.example/a",
    "https://git.example.test:0443/a",
    "https://git.example.test:99999/a",
    "https://git.example.test:/a",
    "https://git.example.test:444/a/b",
    "https://evil.example/a/b",
    "https://git.example.test.evil.example/a/b",
    "https://xgit.example.test/a/b",
    "https://127.0.0.1/a",
    "https://2130706433/a",
    "https://0x7f.1/a",
    "https://0x7f000001/a",
    "https://0177.0.0.1/a",
    "https://127.1/a",
    "https://[::1]/a",
    "https://[::ffff:169.254.169.254]/a",
    "https://169.254.169.254/latest/meta-data",
    "https://metadata.google.internal/a",
    "https://g\u0131t.example.test/a",
    "https://git\u3002example.test/a",
    "https:git.example.test/a",
    "https:///git.example.test/a",
    "//git.example.test/a",
    "https://git.example.test/" + "a/" * 2000,
    "",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_other_repositories_are_refused_before_a_name_is_resolved(
    trusting: ssl.SSLContext, address: str
) -> None:
    """An address that is not exactly one of an allowed host and port contacts not even the resolver."""
    resolver = Resolver(["127.0.0.1"])
    reader = GitRepositoryReader(trusting, resolver)
    with pytest.raises(RepositoryRefused):
        file_of(
            reader, url=address, ref=None, paths=["x"], hosts=[PUBLIC, GitHost("other.test", 444)]
        )
    assert resolver.asked == []


def test_no_host_is_allowed_by_default(reader: GitRepositoryReader, server: GitServer) -> None:
    """An organisation without `git_hosts` reads from nowhere."""
    with pytest.raises(RepositoryRefused, match="git_hosts"):
        file_of(reader, url=url_of(server), ref=None, paths=["x"], hosts=[])
    assert server.requests == []


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["127.0.0.1", "93.184.216.34"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
    ],
)
def test_one_forbidden_answer_of_the_resolver_is_enough(
    trusting: ssl.SSLContext, server: GitServer, answers: Sequence[str]
) -> None:
    """A name that also resolves to a forbidden address is not contacted at all."""
    reader = GitRepositoryReader(trusting, Resolver(answers))
    with pytest.raises(RepositoryRefused, match="does not allow") as refused:
        file_of(
            reader, url=url_of(server), ref=None, paths=["x"], hosts=[GitHost(HOST, server.port)]
        )
    assert server.requests == []
    assert not any(answer in str(refused.value) for answer in answers)


def test_a_name_is_resolved_once(trusting: ssl.SSLContext, server: GitServer) -> None:
    """A resolver that changes its mind (rebinding) is not asked again, however many requests follow."""
    resolver = Resolver(["127.0.0.1"], ["169.254.169.254"])
    found = file_of(
        GitRepositoryReader(trusting, resolver),
        url=url_of(server),
        ref=None,
        paths=["devfile.yaml"],
        hosts=hosts_of(server),
    )
    assert found.content == b"schemaVersion: 2.2.0\n"
    assert len(server.requests) > 1
    assert resolver.asked == [f"{HOST}:{server.port}"]


def test_a_server_that_hangs_up_after_each_answer_is_dialled_at_the_checked_address(
    trusting: ssl.SSLContext, serving: ServerOf
) -> None:
    """Connecting again does not resolve again."""

    def once(handler: GitRequests) -> None:
        handler.protocol_version = "HTTP/1.0"
        handler.serve()

    server = serving(once)
    resolver = Resolver(["127.0.0.1"], ["169.254.169.254"])
    file_of(
        GitRepositoryReader(trusting, resolver),
        url=url_of(server),
        ref=None,
        paths=["devfile.yaml"],
        hosts=hosts_of(server),
    )
    assert len(resolver.asked) == 1


def test_the_certificate_must_be_the_hosts(reader: GitRepositoryReader, serving: ServerOf) -> None:
    """A certificate for another name is refused although the address was right."""
    server = serving(name="other.example.test")
    with pytest.raises(RepositoryUnavailable, match="certificate is not trusted"):
        file_of(reader, url=url_of(server), ref=None, paths=["x"], hosts=hosts_of(server))
    assert server.requests == []


def test_an_unknown_authority_is_not_trusted(local: Resolver, server: GitServer) -> None:
    """Without the extra authority the system's authorities decide."""
    with pytest.raises(RepositoryUnavailable, match="certificate is not trusted"):
        file_of(
            GitRepositoryReader(resolver=local),
            url=url_of(server),
            ref=None,
            paths=["x"],
            hosts=hosts_of(server),
        )


def test_proxies_of_the_environment_are_not_used(
    reader: GitRepositoryReader, server: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables that name a proxy change nothing."""
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found = file_of(
        reader, url=url_of(server), ref=None, paths=["devfile.yaml"], hosts=hosts_of(server)
    )
    assert found.path == "devfile.yaml"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    reader: GitRepositoryReader, serving: ServerOf, status: int
) -> None:
    """An answer that points elsewhere, even to the same host, is refused with a hint."""
    server = serving(_answering(status, b"", Location=f"https://{HOST}/team/app.git/info/refs"))
    with pytest.raises(RepositoryRefused, match="not followed"):
        file_of(reader, url=url_of(server), ref=None, paths=["x"], hosts=hosts_of(server))
    assert len(server.requests) == 1


def test_the_server_is_told_no_secret(reader: GitRepositoryReader, serving: ServerOf) -> None:
    """No credential and no cookie is sent, and an answer cannot set one."""
    seen: list[str] = []

    def answer(handler: GitRequests) -> None:
        seen.extend(name.lower() for name in handler.headers)
        handler.serve()

    server = serving(answer)
    file_of(reader, url=url_of(server), ref=None, paths=["devfile.yaml"], hosts=hosts_of(server))
    assert not {"authorization", "cookie", "proxy-authorization", "referer"} & set(seen)


def _answering(status: int, body: bytes, **headers: str) -> Callable[[GitRequests], None]:
    def answer(handler: GitRequests) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def _git(text: bytes) -> bytes:
    return b"%04x" % (len(text) + 4) + text


@pytest.mark.parametrize(
    "answer,error,message",
    [
        ((200, b"<html>"), RepositoryUnavailable, "as a git server"),
        ((200, b""), RepositoryUnavailable, "protocol version 2"),
        ((200, b"ffff"), RepositoryUnavailable, "ends too early"),
        ((200, _git(b"version 1\n")), RepositoryUnavailable, "protocol version 2"),
        ((200, _git(b"ERR no\n")), RepositoryUnavailable, "the server says 'no'"),
        (
            (200, b"".join(map(_git, (b"version 2", b"ls-refs", b"fetch", b"object-format=md5")))),
            RepositoryUnavailable,
            "names objects",
        ),
        ((200, _git(b"version 2\n") + b"0000"), RepositoryUnavailable, "protocol version 2"),
        ((200, b"0" * (1024 * 1024 + 1)), RepositoryRefused, "too large"),
        ((401, b""), RepositoryRefused, "no public repository"),
        ((404, b""), RepositoryRefused, "no public repository"),
        ((429, b""), RepositoryUnavailable, "status 429"),
        ((500, b""), RepositoryUnavailable, "status 500"),
    ],
)
def test_odd_answers_are_told_apart(
    reader: GitRepositoryReader,
    serving: ServerOf,
    answer: tuple[int, bytes],
    error: type[Exception],
    message: str,
) -> None:
    """What no git server says, too much of it, and outages each have their own words."""
    server = serving(_answering(*answer))
    with pytest.raises(error, match=message):
        file_of(reader, url=url_of(server), ref=None, paths=["x"], hosts=hosts_of(server))


@pytest.mark.parametrize("slow", ["head", "body"])
def test_a_slow_server_is_left_in_time(
    trusting: ssl.SSLContext, local: Resolver, serving: ServerOf, slow: str
) -> None:
    """A server that sends one byte at a time, so that no single read is slow, is given up in time."""
    stop = threading.Event()

    def trickle(handler: GitRequests) -> None:
        try:
            if slow == "body":
                handler.send_response(200)
                handler.send_header("Content-Length", "1000000")
                handler.end_headers()
            for _ in range(100):
                handler.wfile.write(b"H")
                if stop.wait(0.05):
                    return
        except OSError:
            handler.close_connection = True

    server = serving(trickle)
    reader = GitRepositoryReader(trusting, local, seconds=0.5)
    started = time.monotonic()
    with pytest.raises(RepositoryUnavailable, match="too long"):
        file_of(reader, url=url_of(server), ref=None, paths=["x"], hosts=hosts_of(server))
    stop.set()
    assert time.monotonic() - started < 3
