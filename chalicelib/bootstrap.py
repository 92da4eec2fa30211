"""Wiring: which adapters a process runs with. Nothing is opened and no environment read before the
first request; boto3 is loaded only where AWS is used."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.log import log, take_over
from chalicelib.ports.bundle import Ports, Site
from chalicelib.settings import PREFIX, Settings, SettingsError, parameters_path, secret_names

if TYPE_CHECKING:
    from ssl import SSLContext

    from chalicelib.ports.keys import MasterKey
    from chalicelib.ports.metrics import Metrics
    from chalicelib.ports.store import Store
    from chalicelib.ports.waker import Waker

_CONNECTIONS = 50
"""Kept open: the one-process mode has a thread for each request."""

_lock = threading.Lock()
_current: Ports | None = None


def ports() -> Ports:
    """Return the process's ports, built from the environment at the first call.

    Raises SettingsError, every time, while the environment is wrong.
    """
    global _current  # noqa: PLW0603 - the one place that a process's wiring lives in
    with _lock:
        if _current is None:
            take_over(function=os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))
            try:
                _current = build(Settings.from_environment(_with_secrets(os.environ)))
            except SettingsError as error:
                log("misconfigured", error=str(error))
                raise
        return _current


def _with_secrets(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment and the secrets beside it; what is set in the environment stays."""
    if (path := parameters_path(environment)) is None:
        return environment
    from chalicelib.adapters.parameters import ParametersUnread, read_parameters

    try:
        found = read_parameters(_aws("ssm"), path, secret_names())
    except ParametersUnread as error:
        message = (
            f"BERTH_SECRETS cannot be read: {error}. The function's role needs ssm:GetParameters on "
            "them and kms:Decrypt on their key."
        )
        raise SettingsError(message) from error
    return {PREFIX + name.upper(): value for name, value in found.items()} | dict(environment)


def use(chosen: Ports | None) -> None:
    """Run with these ports from now on; None: build them anew at the next request."""
    global _current  # noqa: PLW0603 - see ``ports``
    with _lock:
        _current = chosen


@contextmanager
def call(chosen: Ports, until: float) -> Iterator[Ports]:
    """Give the ports of one call, which ends at ``until`` on the monotonic clock: as long as time is
    left, its writes wait for their turn; at its end, well or not, agents are woken."""
    from chalicelib.adapters.stores.patient import PatientStore
    from chalicelib.adapters.stores.waking import WakingStore

    patient = PatientStore(chosen.store, chosen.clock, chosen.chance, until)
    store = WakingStore(patient, chosen.waker)
    try:
        yield replace(chosen, store=store)
    except Exception:
        store.wake()
        raise
    store.wake()


def build(settings: Settings) -> Ports:
    """Return the ports that the settings ask for. Opens files, but no connection."""
    from chalicelib.adapters.https import JsonOverHttps
    from chalicelib.adapters.oidc import OpenIdConnect
    from chalicelib.adapters.pace import TokenBuckets
    from chalicelib.adapters.repositories import GitRepositoryReader
    from chalicelib.adapters.sealing import AesGcmSealer
    from chalicelib.adapters.signing import PepperSigner
    from chalicelib.adapters.system import SystemChance, SystemClock

    clock, chance = SystemClock(), SystemChance()
    trust = _trust(settings)
    return Ports(
        store=_store(settings),
        sealer=AesGcmSealer(_master_key(settings), chance),
        signer=PepperSigner(settings.pepper, issuer=settings.public_url, clock=clock),
        identity=OpenIdConnect(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            https=JsonOverHttps(trust),
            clock=clock,
        ),
        repositories=GitRepositoryReader(trust),
        clock=clock,
        chance=chance,
        site=Site(
            public_url=settings.public_url,
            idle_poll_ms=settings.idle_poll_ms,
            listening_poll_ms=_listening_poll_ms(settings),
            full_sync_ms=settings.full_sync_ms,
            bootstrap_code=settings.bootstrap_code,
            surface=settings.surface,
        ),
        waker=_waker(settings),
        pace=TokenBuckets(clock),
        metrics=_metrics(settings),
    )


def _store(settings: Settings) -> "Store":
    kind, _, path = settings.store.partition(":")
    if kind == "sqlite":
        from chalicelib.adapters.stores.sqlite import SqliteStore

        return SqliteStore(path)
    from chalicelib.adapters.stores.dynamodb import DynamoStore

    return DynamoStore(_aws("dynamodb"), settings.table)


def _master_key(settings: Settings) -> "MasterKey":
    kind, _, path = settings.keys.partition(":")
    if kind == "file":
        from chalicelib.adapters.keys.local import LocalMasterKey, read_key_file

        return LocalMasterKey(read_key_file(Path(path)))
    from chalicelib.adapters.keys.kms import KmsMasterKey

    return KmsMasterKey(_aws("kms"), settings.kms_key)


def _listening_poll_ms(settings: Settings) -> int:
    is_woken = settings.waker != "none"
    return settings.listening_poll_ms if is_woken else settings.idle_poll_ms


def _waker(settings: Settings) -> "Waker":
    kind, _, prefix = settings.waker.partition(":")
    if kind == "queue":
        import boto3
        from botocore.config import Config

        from chalicelib.adapters.wakers.queue import QueueWaker

        # A wake-up is a request or two, and must not take longer than a second.
        brief = Config(connect_timeout=0.3, read_timeout=0.4, retries={"total_max_attempts": 1})
        client = boto3.client("sqs", config=brief)
        session = boto3.DEFAULT_SESSION  # a session of its own would cost a start 80 ms more
        assert session is not None, "the client made it"
        return QueueWaker(client, prefix, session.get_credentials)
    if kind == "process":
        from chalicelib.adapters.wakers.process import ProcessWaker

        return ProcessWaker()
    from chalicelib.ports.waker import Silent

    return Silent()


def _metrics(settings: Settings) -> "Metrics":
    kind, _, stage = settings.metrics.partition(":")
    if kind == "embedded":
        from chalicelib.adapters.metrics import EmbeddedMetrics

        return EmbeddedMetrics(stage)
    from chalicelib.ports.metrics import Unkept

    return Unkept()


def _aws(name: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=_CONNECTIONS,
        parameter_validation=False,  # the adapters make every request; AWS checks it anyway
    )
    return boto3.client(name, config=config)


def _trust(settings: Settings) -> "SSLContext":
    import ssl

    context = ssl.create_default_context()
    if settings.extra_ca_file:
        try:
            context.load_verify_locations(cafile=settings.extra_ca_file)
        except OSError as error:  # ssl.SSLError is one
            message = (
                f"BERTH_EXTRA_CA_FILE cannot be used: {error}. Set it to the path of a PEM file."
            )
            raise SettingsError(message) from error
    return context
