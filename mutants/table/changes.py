"""What belongs to a change and is written with it: swap, rows, counters, audit, idempotency, seals."""

from mutants.mutant import Mutant

_CHANGES = "chalicelib/records/changes.py"
_QUOTAS = "chalicelib/records/quotas.py"
_AUDIT = "chalicelib/records/audit.py"
_KEYS = "chalicelib/records/keys.py"
_WISH = "chalicelib/usecases/workspaces/wish.py"
_CREATE = "chalicelib/usecases/workspaces/create.py"
_IDEMPOTENCY = "chalicelib/records/idempotency.py"
_SEALING = "chalicelib/adapters/sealing.py"
_CRASHES = ("tests/usecases/agents/test_crashes.py",)
_INTENT = ("tests/usecases/agents/test_intent.py",)
_RACES = ("tests/usecases/agents/test_races.py",)
_SEALED = ("tests/usecases/agents/test_sealing.py",)
_COUNTED = ("tests/usecases/organisations/test_quotas.py",)
_CHAINS = ("tests/usecases/audit/test_chains.py",)
_ONCE = ("tests/api/test_idempotency.py",)

ROWS = (
    Mutant(
        name="state-without-swap",
        meaning="A state is written over one that was not read: the compare-and-swap is dropped.",
        file=_CHANGES,
        text='after), when=[Equals("version", before.version)]',
        replacement="after), when=[]",
        tests=_RACES,
    ),
    Mutant(
        name="pending-row-not-written",
        meaning="What an agent has to hear of is not noted with the wish.",
        file=_CHANGES,
        text="    writes += pending.writes(placement, before, after)\n",
        replacement="",
        tests=_CRASHES,
    ),
    Mutant(
        name="pending-row-of-a-creation-not-written",
        meaning="An agent does not hear of a new workspace before its next full sync.",
        file=_CHANGES,
        text="        *pending.writes(placement, None, state),\n",
        replacement="",
        tests=_CRASHES,
    ),
    Mutant(
        name="intent-not-raised",
        meaning="A wish does not end the idle answers of its agent.",
        file=_CHANGES,
        text="        writes.append(raise_intent(placement))",
        replacement="        pass",
        tests=_INTENT,
    ),
    Mutant(
        name="intent-not-raised-by-a-creation",
        meaning="A creation does not end the idle answers of its agent.",
        file=_CHANGES,
        text=(
            "        agents.admits(placement.organisation_id, placement.agent_id),\n"
            "        workspaces.put_new(workspace),"
        ),
        replacement=(
            "        agents.will_admit(placement.organisation_id, placement.agent_id),\n"
            "        workspaces.put_new(workspace),"
        ),
        tests=_INTENT,
    ),
    Mutant(
        name="variables-kept-after-the-end",
        meaning="The sealed variables of a terminated workspace stay in the store.",
        file=_CHANGES,
        text="return [kept, *quotas.freed(workspace), *_contents(workspace)]",
        replacement="return [kept, *quotas.freed(workspace)]",
        tests=("tests/usecases/workspaces/test_create.py", "tests/usecases/agents/test_sealing.py"),
    ),
    Mutant(
        name="quota-not-released",
        meaning="A terminated workspace counts for ever.",
        file=_CHANGES,
        text="return [kept, *quotas.freed(workspace), *_contents(workspace)]",
        replacement="return [kept, *_contents(workspace)]",
        tests=_CRASHES,
    ),
    Mutant(
        name="quota-not-counted",
        meaning="A new workspace is not counted.",
        file=_CHANGES,
        text="        *quotas.taken(workspace, limits),\n",
        replacement="",
        tests=_RACES,
    ),
    Mutant(
        name="quota-counted-twice",
        meaning="A new workspace counts for two.",
        file=_QUOTAS,
        text='add={"workspaces": 1, "version": 1}, when=when',
        replacement='add={"workspaces": 2, "version": 1}, when=when',
        tests=_RACES,
    ),
    Mutant(
        name="quota-without-condition",
        meaning="One more is counted however many there are.",
        file=_QUOTAS,
        text='return [AtMost("workspaces", limit - 1)] if limit > 0 else [Absent(), Exists()]',
        replacement="return []",
        tests=_RACES,
    ),
    Mutant(
        name="quota-one-too-many",
        meaning="The limit is exceeded by one.",
        file=_QUOTAS,
        text='return [AtMost("workspaces", limit - 1)] if limit > 0 else [Absent(), Exists()]',
        replacement='return [AtMost("workspaces", limit)]',
        tests=_RACES,
    ),
    Mutant(
        name="quota-under-former-settings",
        meaning="A limit that an owner lowers does not hold for creations under way.",
        file=_QUOTAS,
        text='            when.append(AtMost("settings", limits.version))\n',
        replacement="            pass\n",
        tests=_COUNTED,
        unseen="no limit is changed there while people create",
    ),
    Mutant(
        name="recount-overwrites",
        meaning="A recount is written over what was counted meanwhile.",
        file=_QUOTAS,
        text='when=[AtMost("version", read.version)]',
        replacement="when=[]",
        tests=_COUNTED,
        unseen="nobody asks for a recount there",
    ),
    Mutant(
        name="audit-record-missing",
        meaning="A change is written without its audit record.",
        file=_CHANGES,
        text="return told + [write for record in change.audits for write in audit.append(record)]",
        replacement="return told",
        tests=_CRASHES,
    ),
    Mutant(
        name="audit-record-doubled",
        meaning="A wish leaves two audit records.",
        file=_WISH,
        text="audits=(record,))",
        replacement="audits=(record, replace(record, number=record.number + 1)))",
        tests=_CRASHES,
    ),
    Mutant(
        name="audit-record-overwritten",
        meaning="Of two records with one number the second one replaces the first.",
        file=_AUDIT,
        text="attributes), when=[Absent()]",
        replacement="attributes), when=[]",
        tests=(
            "tests/contracts/test_audit.py::test_of_two_records_with_one_number_one_is_written",
        ),
        unseen="two changes of one workspace are told apart by its state's swap already",
    ),
    Mutant(
        name="audit-chain-not-linked",
        meaning="A record does not name the one before it.",
        file="chalicelib/usecases/audit/write.py",
        text='previous="" if last is None else last.digest,',
        replacement='previous="",',
        tests=_CHAINS,
    ),
    Mutant(
        name="idempotency-key-ignored",
        meaning="A creation that is sent again makes another workspace.",
        file=_CREATE,
        text="        *idempotency.put(creation.attempt, workspace.id),\n",
        replacement="",
        tests=("tests/usecases/workspaces/test_create.py",),
    ),
    Mutant(
        name="idempotency-key-of-another-person",
        meaning="Who happens on another's key gets that person's answer.",
        file=_KEYS,
        text='_join("IDEM", user, _sha256(key))',
        replacement='_join("IDEM", _sha256(key))',
        tests=_ONCE,
        unseen="no two people there choose one key",
    ),
    Mutant(
        name="idempotency-key-for-another-request",
        meaning="Another request under a key is answered as if it were the first.",
        file=_IDEMPOTENCY,
        text='if octets(item.attributes, "request") != attempt.request:',
        replacement="if False:",
        tests=_ONCE,
        unseen="people there never use a key twice for different things",
    ),
    Mutant(
        name="lost-answer-loses-the-workspace",
        meaning="Who is not told that a creation succeeded is refused though it did.",
        file=_CREATE,
        text="return None if stored is None else stored.id",
        replacement="return None",
        tests=_COUNTED,
        unseen="people there always send a key, by which the first answer is found",
    ),
    Mutant(
        name="sealed-for-everybody",
        meaning="Variables are sealed without naming their workspace.",
        file="chalicelib/usecases/variables/sealing.py",
        text='"workspace": workspace_id,',
        replacement='"workspace": "",',
        tests=_SEALED,
        unseen="nobody there copies a row of the store",
    ),
    Mutant(
        name="sealed-without-context",
        meaning="The cipher does not bind what it seals to its context, only the master key does.",
        file=_SEALING,
        text="class AesGcmSealer:",
        replacement='def canonical(_: object) -> bytes:\n    return b""\n\n\nclass AesGcmSealer:',
        tests=_SEALED,
        unseen="the key service refuses what this would let pass",
    ),
    Mutant(
        name="data-key-without-context",
        meaning="The master key opens a data key under any context.",
        file="chalicelib/adapters/keys/local.py",
        text="class LocalMasterKey:",
        replacement='def canonical(_: object) -> bytes:\n    return b""\n\n\nclass LocalMasterKey:',
        tests=("tests/contracts/test_keys.py",),
        unseen="it has a key service of its own",
    ),
    Mutant(
        name="digest-of-the-plain-values",
        meaning="Equal variables of two workspaces have equal digests, which tells who shares a secret.",
        file=_SEALING,
        text='_derived(key.plain, b"berth variables: digest"), plaintext, hashlib.sha256',
        replacement='b"berth", plaintext, hashlib.sha256',
        tests=_SEALED,
        unseen="a digest that tells too much breaks nothing",
    ),
    Mutant(
        name="variables-of-another",
        meaning="A workspace's order is written with the sealed variables of another.",
        file="chalicelib/usecases/agents/orders.py",
        text="chunks = batch.sealed.get(state.workspace_id, ())",
        replacement="chunks = next(iter(batch.sealed.values()), ())",
        tests=("tests/usecases/agents/test_full.py",),
    ),
    Mutant(
        name="variables-logged",
        meaning="Values of variables are written to the log.",
        file="chalicelib/usecases/agents/orders.py",
        text="    return talk.target.render_secrets(",
        replacement='    _log.info("%s", [each.value for each in variables])\n    return talk.target.render_secrets(',
    ),
)
