"""Issuers with certificates of an authority of the test, and an installation that signs in there."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from berth_local.authority import Authority
from berth_local.authority import trust as trust_in
from berth_local.issuer import Issuer as OpenIdServer
from berth_local.issuer import Registration
from berth_local.loopback import free_port
from berth_local.site import names as naming
from berth_local.site.control_plane import ControlPlane
from chalicelib import bootstrap
from chalicelib.adapters.https import JsonOverHttps
from chalicelib.adapters.oidc import OpenIdConnect
from chalicelib.adapters.system import SystemClock
from tests.access.issuers import CLIENT_ID, CLIENT_SECRET, REDIRECT, Issuer, LyingIssuer, RealIssuer
from tests.api.world import World


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of this run."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def trust(authority: Authority) -> ssl.SSLContext:
    """Trust in the system's authorities and in ours."""
    return trust_in(authority.certificate)


@pytest.fixture(scope="session")
def real_issuer(
    authority: Authority, trust: ssl.SSLContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealIssuer]:
    """The real OpenID server, on a free port for the whole run."""
    port = free_port()
    url = f"https://127.0.0.1:{port}"
    registration = Registration(url, REDIRECT, CLIENT_ID, CLIENT_SECRET)
    log: Path = tmp_path_factory.mktemp("issuer") / "log"
    with OpenIdServer(registration, port, authority.issue("127.0.0.1"), log):
        yield RealIssuer(url, trust)


@pytest.fixture
def lying_issuer(authority: Authority) -> Iterator[LyingIssuer]:
    """An issuer that is honest until it is told to lie."""
    issuer = LyingIssuer(authority.issue("127.0.0.1"))
    yield issuer
    issuer.close()


@pytest.fixture(params=["real", "ours"])
def issuer(request: pytest.FixtureRequest) -> Issuer:
    """Each of the two, honest."""
    chosen: Issuer = request.getfixturevalue(
        "real_issuer" if request.param == "real" else "lying_issuer"
    )
    return chosen


def client_of(
    issuer: Issuer, trust: ssl.SSLContext, *, secret: str = CLIENT_SECRET
) -> OpenIdConnect:
    """Return our client at an issuer."""
    return OpenIdConnect(
        issuer=issuer.url,
        client_id=CLIENT_ID,
        client_secret=secret,
        https=JsonOverHttps(trust),
        clock=SystemClock(),
    )


@pytest.fixture
def world() -> Iterator[World]:
    """An installation with an organisation and its owner."""
    made = World()
    yield made
    made.close()


def sign_in_at(world: World, issuer: Issuer, trust: ssl.SSLContext) -> None:
    """Let the installation sign people in at the issuer."""
    world.ports = replace(world.ports, identity=client_of(issuer, trust))
    bootstrap.use(world.ports)


@pytest.fixture
def installation(authority: Authority, tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane that nobody owns, with its issuer; there is no cluster."""
    names = naming.choose()
    registration = Registration(names.issuer, f"{names.control_plane}/sign-in/callback")
    listening = authority.issue(naming.ISSUER)
    with OpenIdServer(registration, names.issuer_port, listening, tmp_path / "issuer.log"):
        certificate = authority.issue(naming.CONTROL_PLANE)
        control_plane = ControlPlane(
            tmp_path, names, certificate, registration, authority.certificate
        )
        control_plane.start()
        yield control_plane
        control_plane.stop()
