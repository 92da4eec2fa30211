"""``berth audit``: an untouched log is whole, and whatever is done to it in the store is found."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import app
from berth_cli.audit import verify
from berth_cli.failures import Exit, Failure
from berth_local.schedule import triggers_of
from chalicelib.domain.access.roles import Role
from chalicelib.ports.store import Delete, Item, Key, Put, Store, Value
from chalicelib.records import audit as records
from chalicelib.records import keys
from chalicelib.wire.audit import digest_of_line
from tests.api.world import World
from tests.cli.installation import Installation, Shell


@dataclass
class Log:
    """The audit log of one organisation, and a hand in the table that has neither pepper nor program.

    ``old`` is a workspace whose four records a checkpoint holds, ``young`` one whose newest record
    waits for the next.
    """

    world: World
    org: str
    token: str
    old: str
    young: str

    @property
    def store(self) -> Store:
        """The table."""
        return self.world.database

    def record(self, subject: str, number: int) -> Key:
        """The key of a record."""
        return keys.audit_record(self.org, subject, number)

    def item(self, key: Key) -> Item:
        """What the table holds."""
        found = self.store.get(key)
        assert found is not None
        return found

    def remove(self, *gone: Key) -> None:
        """Remove rows."""
        for key in gone:
            assert self.store.get(key) is not None
            self.store.write(Delete(key))

    def change(self, key: Key, **attributes: Value) -> None:
        """Change attributes of a row."""
        item = self.item(key)
        self.store.write(Put(Item(key, {**item.attributes, **attributes})))

    def place(self, key: Key, attributes: Mapping[str, Value]) -> None:
        """Put a row in."""
        self.store.write(Put(Item(key, attributes)))

    def rehash(self, subject: str, number: int) -> None:
        """Make the digest of a record that of what it says now, as anybody can."""
        record = records.load(self.store, self.org, subject, number)
        assert record is not None
        self.change(self.record(subject, number), digest=digest_of_line(records.line_of(record)))

    def wish(self, workspace_id: str, *desired: str) -> None:
        """Change a workspace."""
        path = f"/api/v1/workspaces/{workspace_id}"
        for each in desired:
            changed = self.world.call("PATCH", path, token=self.token, body={"desired": each})
            assert changed.status_code == 200, changed.body


def sweep() -> None:
    """The scheduled trigger, as EventBridge calls it."""
    for trigger in triggers_of(app.app, app):
        trigger.fire()


@pytest.fixture
def log(installation: Installation) -> Log:
    """An organisation of its own for each test."""
    world = installation.world
    org = world.new_organisation()
    owner = world.member(Role.OWNER, org)
    agent, token = world.agent(owner), world.token(owner)
    old, young = (world.workspace(agent, owner)["id"] for _ in range(2))
    made = Log(world, org, token, old, young)
    made.wish(old, "Stopped", "Running", "Stopped")
    sweep()
    made.wish(young, "Stopped")
    return made


@pytest.fixture
def shell(log: Log, installation: Installation, tmp_path: Path) -> Shell:
    """The command line of the organisation's owner."""
    return Shell(replace(installation, token=log.token), tmp_path)


def alter_field(log: Log) -> str:
    log.change(log.record(log.old, 2), actor="usr-000000000000")
    return f"record 2 of {log.old} was changed"


def alter_field_and_rehash(log: Log) -> str:
    log.change(log.record(log.old, 2), actor="usr-000000000000")
    log.rehash(log.old, 2)
    return f"record 2 of {log.old} was not written by this installation"


def alter_time(log: Log) -> str:
    key = log.record(log.old, 3)
    at = log.item(key).attributes["at"]
    assert isinstance(at, int)
    log.change(key, at=at - 60_000)
    return f"record 3 of {log.old} was changed"


def spoil_type(log: Log) -> str:
    log.change(log.record(log.old, 3), at="yesterday", generation=[1])
    return f"record 3 of {log.old} was changed"


def remove_middle(log: Log) -> str:
    log.remove(log.record(log.old, 2), log.record(log.old, 3))
    return f"2 records are missing after record 1 of {log.old}"


def remove_first(log: Log) -> str:
    log.remove(log.record(log.old, 1))
    return f"1 record is missing at the beginning of {log.old}"


def remove_last(log: Log) -> str:
    log.remove(log.record(log.old, 4))
    return f"1 record is missing after record 3 of {log.old}"


def remove_last_not_yet_held(log: Log) -> str:
    log.remove(log.record(log.young, 2))
    return f"1 record is missing after record 1 of {log.young}"


def remove_whole_chain(log: Log) -> str:
    log.remove(*(log.record(log.old, number) for number in (1, 2, 3, 4)))
    return f"4 records are missing at the beginning of {log.old}"


def insert_forged(log: Log) -> str:
    last = log.item(log.record(log.old, 4)).attributes
    forged = {**last, "id": "evt-000000000000", "previous": last["digest"], "action": "x:y"}
    log.place(log.record(log.old, 5), forged)
    log.rehash(log.old, 5)
    return f"record 5 of {log.old} was not written by this installation"


def insert_forged_chain(log: Log) -> str:
    log.place(log.record("ws-000000000000", 1), log.item(log.record(log.old, 1)).attributes)
    return "record 1 of ws-000000000000 was changed"


def swap_two(log: Log) -> str:
    second, third = (log.item(log.record(log.old, number)).attributes for number in (2, 3))
    log.place(log.record(log.old, 2), third)
    log.place(log.record(log.old, 3), second)
    return f"record 2 of {log.old} was changed"


def replay_within_the_chain(log: Log) -> str:
    log.place(log.record(log.old, 5), log.item(log.record(log.old, 3)).attributes)
    return f"record 5 of {log.old} was changed"


def replay_from_another_organisation(log: Log) -> str:
    world = log.world
    other = world.new_organisation()
    agent = world.agent(world.member(Role.OWNER, other)).agent.id
    log.place(log.record(agent, 1), log.item(keys.audit_record(other, agent, 1)).attributes)
    return f"record 1 of {agent} was changed"


def roll_back_head(log: Log) -> str:
    first = log.item(log.record(log.young, 1)).attributes["digest"]
    log.change(keys.audit_head(log.org, log.young), number=1, digest=first)
    return f"the head of {log.young} was set back: it names record 1, and there is record 2"


def remove_head(log: Log) -> str:
    log.remove(keys.audit_head(log.org, log.young))
    return f"nothing holds record 2 of {log.young}: its head is missing, or what came after it"


def roll_back_a_held_chain(log: Log) -> str:
    """The tail goes, the head of then comes back, and Berth even writes on from there."""
    log.remove(log.record(log.old, 4), log.record(log.old, 3))
    second = log.item(log.record(log.old, 2)).attributes["digest"]
    log.place(keys.audit_head(log.org, log.old), {"v": 1, "number": 2, "digest": second})
    log.world.call("DELETE", f"/api/v1/workspaces/{log.old}", token=log.token)
    sweep()
    return f"1 record is missing after record 3 of {log.old}"


def alter_checkpoint(log: Log) -> str:
    key = keys.audit_checkpoint(log.org, 1)
    heads = log.item(key).attributes["heads"]
    assert isinstance(heads, list)
    log.change(key, heads=heads[:-1])
    return "checkpoint 1 was changed"


def remove_checkpoint(log: Log) -> str:
    log.remove(keys.audit_checkpoint(log.org, 1))
    return "checkpoint 1 is missing"


def remove_middle_checkpoint(log: Log) -> str:
    for desired in ("Running", "Stopped"):
        log.wish(log.young, desired)
        sweep()
    log.remove(keys.audit_checkpoint(log.org, 2))
    return "1 checkpoint is missing after checkpoint 1"


TAMPERINGS: tuple[Callable[[Log], str], ...] = (
    alter_field,
    alter_field_and_rehash,
    alter_time,
    spoil_type,
    remove_middle,
    remove_first,
    remove_last,
    remove_last_not_yet_held,
    remove_whole_chain,
    insert_forged,
    insert_forged_chain,
    swap_two,
    replay_within_the_chain,
    replay_from_another_organisation,
    roll_back_head,
    remove_head,
    roll_back_a_held_chain,
    alter_checkpoint,
    remove_checkpoint,
    remove_middle_checkpoint,
)


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_every_tampering_is_found_by_name(
    log: Log, shell: Shell, tamper: Callable[[Log], str]
) -> None:
    """Whatever is done in the table, the command names the broken place and ends with 9."""
    words = tamper(log)

    ended = shell("audit", "verify")

    broken = [line for line in ended.stdout.splitlines() if line.startswith("broken: ")]
    assert broken[0] == f"broken: {words}", ended.stdout
    assert ended.code == Exit.TAMPERED
    assert ended.stderr.startswith("berth: the audit log was tampered with: ")


def test_an_untouched_log_is_whole(log: Log, shell: Shell) -> None:
    """What nobody touched is told to be so, with what was checked and what waits for a checkpoint."""
    ended = shell("audit", "verify")

    assert ended.code == Exit.DONE, ended.stdout
    checked, waiting, checkpoint, verdict = ended.stdout.splitlines()
    assert checked == "checked 10 records and 1 checkpoint"
    assert waiting.startswith("the newest records of 1 subject wait for the next checkpoint: ")
    assert checkpoint.startswith("checkpoint 1 of 20")
    assert verdict == "nothing was changed, removed or put in"


def exported(shell: Shell, file: Path) -> list[str]:
    """Export the log to the file."""
    ended = shell("audit", "export")
    assert ended.code == Exit.DONE, ended.stderr
    file.write_text(ended.stdout)
    return ended.stdout.splitlines()


def test_an_export_has_every_record(log: Log, shell: Shell, tmp_path: Path) -> None:
    """A line for each change: who, what, to which, in the order of the workspace's generations."""
    lines = [json.loads(line) for line in exported(shell, tmp_path / "log")]

    assert [line["kind"] for line in lines] == ["checkpoint"] + ["record"] * 10
    told = [
        (line["number"], line["action"], line["generation"], line["detail"])
        for line in lines[1:]
        if line["subject"] == log.old
    ]
    assert told == [
        (1, "workspaces:create", 1, log.item(log.record(log.old, 1)).attributes["detail"]),
        (2, "workspaces:stop", 2, "Running to Stopped"),
        (3, "workspaces:start", 3, "Stopped to Running"),
        (4, "workspaces:stop", 4, "Running to Stopped"),
    ]


@pytest.mark.parametrize("options", [(), ("--offline",)])
def test_an_untouched_export_agrees(
    log: Log, shell: Shell, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """An export is whole by itself, and agrees with a log that went on since."""
    exported(shell, tmp_path / "log")
    log.wish(log.young, "Running")
    sweep()

    ended = shell("audit", "verify", str(tmp_path / "log"), *options)

    assert ended.code == Exit.DONE, ended.stdout
    assert "checked 10 records and 1 checkpoint of " in ended.stdout


def rewrite(line: str, **values: object) -> str:
    """A line that says something else, with a digest that fits."""
    said: dict[str, object] = {**json.loads(line), **values}
    return json.dumps({**said, "digest": digest_of_line(said)})


FILES: Mapping[str, tuple[Callable[[list[str], int], list[str]], str]] = {
    "altered": (
        lambda lines, at: [*lines[:at], lines[at].replace("Stopped", "Running"), *lines[at + 1 :]],
        "record 2 of {old} was changed",
    ),
    "rehashed": (
        lambda lines, at: [*lines[:at], rewrite(lines[at], actor="me"), *lines[at + 1 :]],
        "record 3 of {old} does not follow record 2 of {old}",
    ),
    "removed": (
        lambda lines, at: [*lines[:at], *lines[at + 2 :]],
        "2 records are missing after record 1 of {old}",
    ),
    "cut": (
        lambda lines, at: [*lines[: at + 1], *lines[at + 3 :]],
        "2 records are missing after record 2 of {old}",
    ),
    "swapped": (
        lambda lines, at: [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        "1 record is missing after record 1 of {old}",
    ),
    "torn": (
        lambda lines, at: [*lines[:at], lines[at][:20], *lines[at + 1 :]],
        "line {place} is no line of an audit log: ",
    ),
}


def test_a_file_that_was_tampered_with_is_found_offline(
    log: Log, shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was done to a file is named without asking anybody."""
    lines = exported(shell, tmp_path / "log")
    at = next(i for i, line in enumerate(lines) if f'"{log.old}","number":2' in line)
    for name, (tamper, words) in FILES.items():
        (tmp_path / name).write_text("\n".join(tamper(lines, at)) + "\n")
        capsys.readouterr()

        with pytest.raises(Failure) as failed:
            verify(tmp_path / name, offline=True)

        assert failed.value.code == Exit.TAMPERED
        told = capsys.readouterr().out
        assert f"broken: {words.format(old=log.old, place=at + 1)}" in told, (name, told)


def test_what_berth_never_wrote_is_found_by_asking(log: Log, shell: Shell, tmp_path: Path) -> None:
    """A file whose digests all fit, made up from the first line to the last, is not taken for ours."""
    said = json.loads(exported(shell, tmp_path / "log")[-1])
    said |= {"subject": "ws-000000000000", "number": 1, "previous": ""}
    (tmp_path / "log").write_text(rewrite(json.dumps(said)) + "\n")

    assert shell("audit", "verify", "--offline", str(tmp_path / "log")).code == Exit.DONE
    ended = shell("audit", "verify", str(tmp_path / "log"))

    assert ended.code == Exit.TAMPERED
    words = "record 1 of ws-000000000000 was not written by this installation"
    assert f"broken: {words}" in ended.stdout


def test_an_export_shows_what_the_log_lost(log: Log, shell: Shell, tmp_path: Path) -> None:
    """Whoever takes the whole table back to an earlier time leaves no trace in it, but an export
    that was made in between names what is gone."""
    before = {
        key: log.item(key)
        for key in (log.record(log.young, 2), keys.audit_head(log.org, log.young))
    }
    log.wish(log.young, "Running")
    exported(shell, tmp_path / "log")
    log.remove(log.record(log.young, 3))
    for item in before.values():
        log.store.write(Put(item))
    assert shell("audit", "verify").code == Exit.DONE

    ended = shell("audit", "verify", str(tmp_path / "log"))

    assert ended.code == Exit.TAMPERED
    assert f"broken: record 3 of {log.young} is missing in the log" in ended.stdout


def test_owners_and_auditors_may(log: Log, shell: Shell) -> None:
    """An auditor checks and exports, a developer is refused."""
    for role, code in ((Role.AUDITOR, Exit.DONE), (Role.DEVELOPER, Exit.REFUSED)):
        token = log.world.token(log.world.member(role, log.org))
        assert shell("audit", "verify", BERTH_TOKEN=token).code == code
        assert shell("audit", "export", BERTH_TOKEN=token).code == code


def test_offline_needs_a_file(shell: Shell) -> None:
    """The log itself cannot be checked without asking."""
    assert shell("audit", "verify", "--offline").code == Exit.USAGE
    assert shell("audit", "verify", "--offline", "absent").code == Exit.USAGE
