"""The operator's command after a restore, as the guide runs it."""

from pathlib import Path

from tests.builders import make_world
from tests.local.operators import SETTINGS, run

RESTORED = "berth_local.restored"


def test_every_agent_of_the_store_reports_before_it_obeys(tmp_path: Path) -> None:
    """The command names each agent, which then is in a new era, and leaves an audit record."""
    path = tmp_path / "store"
    world = make_world(path=str(path))
    before = world.agent()
    store = {"BERTH_STORE": f"sqlite:{path}", "BERTH_KEYS": f"file:{tmp_path / 'key'}"}
    done = run(RESTORED, environment=SETTINGS | store)
    assert (done.returncode, done.stderr) == (0, "")
    named = f"{world.organisation.id} {world.agent_id} reports before it obeys"
    assert done.stdout.splitlines() == [named, "1 agents"]
    after = world.agent()
    assert after.era > before.era
    assert after.owes_report
    items = world.store.query(f"ORG#{world.organisation.id}#AUDIT").items
    assert [item.attributes["action"] for item in items] == ["agents:restored"]


def test_without_settings_it_says_which_are_missing() -> None:
    """A wrong environment is told in words, with code 2 and without a traceback."""
    done = run(RESTORED, environment={})
    assert done.returncode == 2
    assert "BERTH_PUBLIC_URL" in done.stderr
    assert "Traceback" not in done.stderr
