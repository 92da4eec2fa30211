"""Writes the run folder that a HAProxy starts from: configuration, keys, empty route map, certificate."""

import json
import os
import secrets
from importlib.resources import files
from pathlib import Path
from string import Template

from berth_proxy.hosts import LABEL, without_port
from berth_proxy.routes import Layout
from berth_proxy.settings import Settings
from chalicelib.wire.admission import ENTER_PATH, PRESESSION_COOKIE, SESSION_COOKIE

OWN_PATH = ENTER_PATH.rpartition("/")[0] + "/"
"""Paths under it belong to the proxy on every host."""

_UNREACHABLE = "The workspace does not answer yet. This page tries again by itself."


def layout_of(settings: Settings) -> Layout:
    """Return the slots that the configuration declares."""
    return Layout(buckets=settings.buckets)


def write_run_folder(settings: Settings) -> None:
    """Write everything; keys that are there already stay, so that sessions outlive a restart."""
    folder = settings.run_folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = read_keys(folder) if (folder / "keys.json").exists() else _new_keys(folder)
    for name in ("routes.map", "revoked.lst"):
        _write(folder / name, "")
    certificate = (settings.tls_folder / "tls.crt").read_text() + (
        settings.tls_folder / "tls.key"
    ).read_text()
    _write(folder / "tls.pem", certificate)
    _write(folder / "503.http", _error_page())
    _write(folder / "haproxy.cfg", render(settings, keys))


def read_keys(folder: Path) -> tuple[str, str]:
    """Return the current and the previous session key, as hexadecimal text."""
    current, previous = json.loads((folder / "keys.json").read_text())
    return current, previous


def render(settings: Settings, keys: tuple[str, str]) -> str:
    """Return HAProxy's configuration."""
    frame = Template(files("berth_proxy.haproxy").joinpath("haproxy.cfg").read_text())
    text = frame.substitute(
        folder=settings.run_folder,
        key0=keys[0],
        key1=keys[1],
        bind=settings.bind,
        health_bind=settings.health_bind,
        certificate=settings.run_folder / "tls.pem",
        label=LABEL,
        zone=without_port(settings.zone),
        cookie=SESSION_COOKIE,
        presession=PRESESSION_COOKIE,
        own_path=OWN_PATH,
        portal=settings.portal,
    )
    return text + "".join(
        _bucket(number, layout_of(settings)) for number in range(settings.buckets)
    )


def _bucket(number: int, layout: Layout) -> str:
    # Weight 0 keeps the balancer out: only `use-server` chooses, so no request falls into another's slot.
    return (
        f"\nbackend b{number}\n  balance roundrobin\n  use-server %[var(txn.route),field(2,/)] if TRUE\n"
        f"  server-template s 1-{layout.slots} 0.0.0.0 weight 0 disabled\n"
    )


def _new_keys(folder: Path) -> tuple[str, str]:
    keys = (secrets.token_hex(32), secrets.token_hex(32))
    _write(folder / "keys.json", json.dumps(keys))
    return keys


def _error_page() -> str:
    """Return the whole answer that HAProxy gives when a workspace's port is closed."""
    page = files("berth_proxy.pages").joinpath("waiting.html").read_text()
    body = Template(page).substitute(message=_UNREACHABLE)
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Cache-Control: no-store\r\nRetry-After: 2\r\n"
    )
    return f"{head}Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}"


def _write(path: Path, text: str) -> None:
    """Write the file whole, readable by the proxy alone."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", newline="") as file:
        file.write(text)
    draft.replace(path)
