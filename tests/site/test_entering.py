"""Who gets into a workspace, from which image it may be, and how long one stays in."""

import logging
from collections.abc import Callable, Iterator

import pytest

from berth_cli.configuration import Configuration
from berth_cli.failures import Exit, Failure
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.images import BUSYBOX, EMPTY, build_empty
from berth_local.cluster.layout import cache_folder
from berth_local.site.person import sign_in
from berth_local.site.site import PERSON, Site
from tests.site.developer import Developer, Json
from tests.site.devfiles import devfile
from tests.site.live import Live
from tests.site.terminal import browser

log = logging.getLogger(__name__)

Look = Callable[[str], Live]
Join = Callable[[str, str], Developer]

CUT_SECONDS = 60
"""Within which what was let in is cut, once it may not be in any more."""
DEBIAN = "localhost/berth-workspace:dev"


@pytest.fixture(scope="module")
def running(owner: Developer) -> Iterator[Json]:
    """A running workspace of the owner."""
    found = owner.running(devfile(image=DEBIAN))
    yield found
    owner.terminate(found["id"])


@pytest.fixture(scope="module")
def join(site: Site, owner: Developer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Join]:
    """Let a person in by an invitation, with a role."""
    joined: list[Developer] = []

    def invited(name: str, role: str) -> Developer:
        code = owner.client.post("/api/v1/invitations", {"role": role})["code"]
        url, authority = site.control_plane.local_url, site.authority.certificate
        person = sign_in(url, authority, name, code=code)
        chosen = Configuration(url, person.token, str(authority))
        joined.append(Developer(chosen, tmp_path_factory.mktemp(name), site.agent_id))
        return joined[-1]

    yield invited
    for person in joined:
        person.client.close()


def test_developer_cannot_see_what_is_not_theirs(
    site: Site, owner: Developer, join: Join, running: Json
) -> None:
    """To another developer a workspace is not there: not shown, not listed, not changed, not entered."""
    other = join("rae", "developer")
    path = f"/api/v1/workspaces/{running['id']}"

    assert list(other.client.items("/api/v1/workspaces")) == []
    asks: tuple[Callable[[], Json], ...] = (
        lambda: other.client.get(path),
        lambda: other.client.get(f"{path}/events"),
        lambda: other.want(running["id"], "Stopped"),
        lambda: other.terminate(running["id"]),
    )
    for ask in asks:
        with pytest.raises(Failure) as refused:
            ask()
        assert refused.value.code is Exit.MISSING
    assert other.berth("show", running["id"]).code == Exit.MISSING

    with browser(site.authority.certificate, "rae") as stranger:
        assert stranger.go(site.control_plane.local_url + "/sign-in").is_success
        ended = stranger.go(running["url"])
        assert ended.status_code == 404
        assert ended.url.path == "/enter"
    assert owner.read(running["id"])["desired"] == "Running"


def test_someone_without_invitation_gets_nowhere(site: Site, running: Json) -> None:
    """Whoever the issuer knows and Berth does not ends at a refusal."""
    with browser(site.authority.certificate, "nobody") as stranger:
        assert stranger.go(running["url"]).status_code in {403, 404}


def test_auditor_sees_all_and_changes_nothing(owner: Developer, join: Join, running: Json) -> None:
    """An auditor lists and reads workspaces of others, and may neither change nor make one."""
    auditor = join("auditor", "auditor")

    assert running["id"] in {each["id"] for each in auditor.client.items("/api/v1/workspaces")}
    assert auditor.read(running["id"])["actual"] == "Running"
    assert auditor.client.get(f"/api/v1/workspaces/{running['id']}/events")["items"]
    asks: tuple[Callable[[], Json], ...] = (
        lambda: auditor.want(running["id"], "Stopped"),
        lambda: auditor.terminate(running["id"]),
        lambda: auditor.create(devfile()),
    )
    for ask in asks:
        with pytest.raises(Failure) as refused:
            ask()
        assert refused.value.code in {Exit.REFUSED, Exit.MISSING}
    assert owner.read(running["id"])["desired"] == "Running"


@pytest.mark.parametrize("image", [DEBIAN, BUSYBOX, EMPTY])
def test_terminal_needs_nothing_of_the_image(
    site: Site, cluster: Cluster, owner: Developer, live: Look, image: str
) -> None:
    """In Debian, in busybox and in an image without a file the terminal answers, as a user without a name."""
    if image == EMPTY:
        cluster.import_image(build_empty(cache_folder()))
    made = owner.running(devfile(image=image))
    user = live(made["id"]).pod()["spec"]["securityContext"]["runAsUser"]

    with browser(site.authority.certificate, PERSON) as window:
        assert window.go(made["url"]).status_code == 200
        with window.terminal(made["url"]) as terminal:
            terminal.type_line("echo I am $(id -u):$(id -g); vim --version | head -1")
            shown = terminal.read_until("VIM - Vi IMproved")

    assert user >= 10_000
    assert f"I am {user}:0" in shown
    owner.terminate(made["id"])


def test_signing_out_cuts_open_terminals(site: Site, running: Json) -> None:
    """Within a minute the connection of whoever signed out is cut, and the way in asks for a sign-in."""
    control_plane = site.control_plane.local_url
    with browser(site.authority.certificate, PERSON) as window:
        assert window.go(running["url"]).status_code == 200
        with window.terminal(running["url"]) as terminal:
            terminal.type_line("echo $((6*7)) still here")
            terminal.read_until("42 still here")
            window.sign_out(control_plane)
            stayed = terminal.stay_until_cut(seconds=CUT_SECONDS)
        log.info("cut %.0f s after the sign-out", stayed)
        again = window.get(running["url"])

    assert again.is_redirect
    assert again.headers["location"].startswith(f"{control_plane}/enter?")


def test_another_tab_stays_in(site: Site, running: Json) -> None:
    """Whoever did not sign out is let in at once, though another browser of theirs was cut."""
    with browser(site.authority.certificate, PERSON) as window:
        assert window.go(running["url"]).status_code == 200
        assert window.get(running["url"]).status_code == 200
