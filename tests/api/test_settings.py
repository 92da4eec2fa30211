"""Settings come from the environment, and what is wrong is told at once and with its remedy."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from chalicelib import bootstrap
from chalicelib.settings import PREFIX, Settings, SettingsError

GOOD = {
    "BERTH_PUBLIC_URL": "https://berth.test:8443",
    "BERTH_PEPPER": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "BERTH_OIDC_ISSUER": "https://gitlab.test",
    "BERTH_OIDC_CLIENT_ID": "berth",
    "BERTH_OIDC_CLIENT_SECRET": "s3cret",
    "BERTH_STORE": "sqlite::memory:",
    "BERTH_KEYS": "file:/nowhere/key",
}
ROOT = Path(__file__).parents[2]


def test_an_environment_makes_settings() -> None:
    """Each variable sets its field; the others have their defaults."""
    settings = Settings.from_environment({**GOOD, "BERTH_IDLE_POLL_MS": "2000", "PATH": "/bin"})
    assert settings.public_url == "https://berth.test:8443"
    assert settings.pepper == b"01234567890123456789012345678901"
    assert (settings.idle_poll_ms, settings.full_sync_ms, settings.surface) == (
        2000,
        3_600_000,
        "all",
    )


def test_nothing_set_names_everything_missing() -> None:
    """An empty environment is told each variable it lacks, in one error."""
    with pytest.raises(SettingsError) as told:
        Settings.from_environment({})
    missing = [
        "PUBLIC_URL",
        "PEPPER",
        "OIDC_ISSUER",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET",
        "TABLE",
        "KMS_KEY",
    ]
    lines = str(told.value).splitlines()[1:]
    assert [line.split()[1] for line in lines] == [PREFIX + name for name in missing]


WRONG = {
    "BERTH_PUBLIC_URL": "http://berth.test/",
    "BERTH_PEPPER": "c2hvcnQ=",
    "BERTH_OIDC_ISSUER": "gitlab.test",
    "BERTH_STORE": "postgres",
    "BERTH_KEYS": "vault",
    "BERTH_SURFACE": "both",
    "BERTH_BOOTSTRAP_CODE": "short",
    "BERTH_IDLE_POLL_MS": "10",
    "BERTH_FULL_SYNC_MS": "soon",
    "BERTH_WAKER": "queue:",
    "BERTH_LISTENING_POLL_MS": "999",
}


def test_every_wrong_value_is_named_and_none_quoted() -> None:
    """All wrong variables are told in one error, each with what it must be, and no value is repeated."""
    with pytest.raises(SettingsError) as told:
        Settings.from_environment({**GOOD, **WRONG})
    text = str(told.value)
    assert [name for name in WRONG if name not in text] == []
    assert [value for value in ("c2hvcnQ=", "short", "s3cret") if value in text] == []


def test_secrets_are_not_shown() -> None:
    """Printing the settings shows no secret."""
    shown = repr(Settings.from_environment({**GOOD, "BERTH_BOOTSTRAP_CODE": "bootstrap-code-1"}))
    assert [
        secret for secret in ("s3cret", "bootstrap-code-1", "0123456789") if secret in shown
    ] == []


def test_a_file_of_authorities_must_be_one(tmp_path: Path) -> None:
    """A file of certificate authorities that is absent or no PEM is told by the name of its variable."""
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("nonsense")
    for path in (nonsense, tmp_path / "absent.pem"):
        settings = Settings.from_environment(
            {**GOOD, "BERTH_KEYS": f"file:{tmp_path}/key", "BERTH_EXTRA_CA_FILE": str(path)}
        )
        with pytest.raises(SettingsError, match="BERTH_EXTRA_CA_FILE"):
            bootstrap.build(settings)


def test_settings_build_an_installation(tmp_path: Path) -> None:
    """Settings of the one-process mode build every port, and open no connection."""
    environment = {
        **GOOD,
        "BERTH_STORE": f"sqlite:{tmp_path}/store",
        "BERTH_KEYS": f"file:{tmp_path}/key",
    }
    ports = bootstrap.build(Settings.from_environment(environment))
    assert ports.site.public_url == "https://berth.test:8443"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("waker, interval", [("none", 10_000), ("process", 60_000)])
def test_agents_poll_rarely_only_where_they_are_woken(
    tmp_path: Path, waker: str, interval: int
) -> None:
    """Without a waker no agent is told to rest, whatever the interval for those that listen."""
    environment = {**GOOD, "BERTH_KEYS": f"file:{tmp_path}/key", "BERTH_WAKER": waker}
    ports = bootstrap.build(Settings.from_environment(environment))
    assert ports.site.listening_poll_ms == interval
    assert (ports.waker.channel("ag-000000000001") is None) == (waker == "none")


def test_every_setting_has_its_words() -> None:
    """The reference page names each setting's variable."""
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert [
        each.name for each in fields(Settings) if f"`{PREFIX}{each.name.upper()}`" not in page
    ] == []


def test_import_reads_no_environment_and_a_wrong_one_is_logged() -> None:
    """The app imports in an empty environment, without AWS or Kubernetes; its first request tells what is missing."""
    program = (
        "import sys, app\n"
        "assert not {'boto3', 'botocore', 'kubernetes', 'jwt', 'pydantic'} & sys.modules.keys()\n"
        "from chalice.test import Client\n"
        "sys.stderr.write(Client(app.app, stage_name='tests').http.get('/healthz').body.decode())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    logged = [json.loads(line) for line in ran.stdout.splitlines()]
    assert logged[0]["event"] == "misconfigured"
    assert "BERTH_PUBLIC_URL is missing" in logged[0]["error"]
    assert json.loads(ran.stderr)["code"] == "internal"
