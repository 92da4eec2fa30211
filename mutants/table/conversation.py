"""The conversation with an agent, as the control plane leads it."""

from mutants.mutant import Mutant

_RECONCILE_PY = "chalicelib/usecases/agents/reconcile.py"
_ORDERS = "chalicelib/usecases/agents/orders.py"
_REPORTS = "chalicelib/usecases/agents/reports.py"
_ABSENCES = "chalicelib/usecases/agents/absences.py"
_ORPHANS = "chalicelib/usecases/agents/orphans.py"
_AGENTS = "chalicelib/records/agents.py"
_CURSORS = "chalicelib/records/cursors.py"
_TALKS = ("tests/usecases/agents/test_reconcile.py",)
_INTENT = ("tests/usecases/agents/test_intent.py",)
_FULL = ("tests/usecases/agents/test_full.py",)
_ABANDONED = ("tests/usecases/agents/test_orphans.py",)
_TOGETHER = ("tests/usecases/agents/test_together.py",)
_ITS_OWN = "an agent there never asks with a cursor that it was not given"

ROWS = (
    Mutant(
        name="acknowledge-on-send",
        meaning="An order counts as carried out once it was written into an answer.",
        file=_ORDERS,
        text="        return _apply(state, rendered, secrets)\n",
        replacement=(
            "        from dataclasses import replace\n"
            "        from chalicelib.records.changes import Change, commit\n"
            "        sent = replace(state, acknowledged=state.generation,"
            " live_generation=state.generation, spec_digest=rendered.spec_digest,"
            " live_secrets_digest=state.secrets_digest)\n"
            "        commit(talk.ports.store, Change(talk.placement, state, sent))\n"
            "        return _apply(state, rendered, secrets)\n"
        ),
        tests=_TALKS,
    ),
    Mutant(
        name="no-epoch-fence",
        meaning="A former leader goes on to be heard beside the present one.",
        file=_AGENTS,
        text=', AtMost("epoch", leader.epoch)]',
        replacement="]",
        tests=_TALKS,
    ),
    Mutant(
        name="vanished-agent-comes-back",
        meaning="A message that comes late makes the record of an agent that is gone.",
        file=_AGENTS,
        text='when=[Equals("created", milliseconds(agent.created_at)), AtMost(',
        replacement="when=[AtMost(",
        survives="no code removes an agent's record: a retired one keeps it, without tokens",
    ),
    Mutant(
        name="idle-whatever-the-intent",
        meaning="An agent without news is told that there is nothing, whatever was wished.",
        file=_RECONCILE_PY,
        text="        and request.intent == agent.intent\n",
        replacement="",
        tests=_TALKS,
    ),
    Mutant(
        name="settled-while-under-way",
        meaning="An agent may rest though orders are still to be confirmed.",
        file=_RECONCILE_PY,
        text="intent=NOT_SETTLED if unsettled else talk.agent.intent",
        replacement="intent=talk.agent.intent",
        tests=_INTENT,
    ),
    Mutant(
        name="intent-read-after-the-orders",
        meaning="An answer tells of an intent that it did not look at yet: a wish falls in between.",
        file=_RECONCILE_PY,
        text="        intent=NOT_SETTLED if unsettled else talk.agent.intent,\n",
        replacement=(
            "        intent=NOT_SETTLED if unsettled else (agents.load(talk.ports.store,"
            " talk.agent.organisation_id, talk.agent.id) or talk.agent).intent,\n"
        ),
        tests=_INTENT,
    ),
    Mutant(
        name="cursor-of-anybody",
        meaning="The cursor of another agent, or of a former leader, is accepted.",
        file=_RECONCILE_PY,
        text='return f"reconcile:{talk.agent.organisation_id}:{talk.agent.id}:{talk.epoch}"',
        replacement='return "reconcile"',
        tests=(*_FULL, *_TALKS),
        unseen=_ITS_OWN,
    ),
    Mutant(
        name="cursor-unsigned",
        meaning="A cursor that somebody made up is accepted.",
        file=_CURSORS,
        text="if not hmac.compare_digest(digest, _digest(signer, audience, content)):",
        replacement="if False:",
        tests=_TALKS,
        unseen=_ITS_OWN,
    ),
    Mutant(
        name="page-loses-an-item",
        meaning="The order that did not fit into an answer is passed over in the next.",
        file=_ORDERS,
        text=(
            "            if order is not None and not written.takes(order):\n"
            "                written.stopped_after = last\n"
        ),
        replacement=(
            "            if order is not None and not written.takes(order):\n"
            "                written.stopped_after = turn\n"
        ),
        tests=_FULL,
        unseen="its orders are small: an answer there ends for want of time, never of bytes",
    ),
    Mutant(
        name="bytes-ignored",
        meaning="An answer grows beyond what can be carried.",
        file=_ORDERS,
        text="if self.orders and self.size + size > self.most:",
        replacement="if False:",
        tests=_FULL,
        unseen="its orders are small",
    ),
    Mutant(
        name="time-ignored",
        meaning="An answer is written until the function is killed.",
        file=_ORDERS,
        text="is_over = talk.is_out_of_time() or not",
        replacement="is_over = not",
        tests=_FULL,
    ),
    Mutant(
        name="poisoned-order-holds-up-all",
        meaning="One plan that cannot be read keeps every order of its agent back.",
        file=_ORDERS,
        text="except Exception:  # noqa: BLE001 - a bug or a bad row must not hold up the others",
        replacement="except ZeroDivisionError:",
        tests=("tests/usecases/agents/test_sealing.py",),
        unseen="no row of its store is ever bad",
    ),
    Mutant(
        name="poisoned-report-holds-up-all",
        meaning="One report that cannot be stored keeps every report of its agent back.",
        file=_REPORTS,
        text="except Exception:  # noqa: BLE001 - a bug or a bad report must not hold up the others",
        replacement="except ZeroDivisionError:",
        tests=_TALKS,
        unseen="no row of its store is ever bad",
    ),
    Mutant(
        name="receipt-for-a-lost-race",
        meaning="A report that lost a race is confirmed though it was not stored.",
        file=_REPORTS,
        text='        _log.info("report of %s lost a race and comes again", report.workspace_id)\n',
        replacement='        return [Taken(_receipt(report, "stored"))]\n',
        tests=_INTENT,
    ),
    Mutant(
        name="receipt-for-what-did-not-fit",
        meaning="Reports beyond what one transaction takes are confirmed with it.",
        file=_REPORTS,
        text="in list(foreseen.items())[:count]}",
        replacement="in list(foreseen.items())}",
        tests=_TOGETHER,
        survives="32 reports are 96 writes at most, and a transaction takes 100: all fit",
    ),
    Mutant(
        name="foreseen-by-force",
        meaning="A restart that ends among other reports is stored without its audit record.",
        file=_REPORTS,
        text="if after is None or after.generation > state.generation or _is_over(after):",
        replacement="if after is None or _is_over(after):",
        tests=_TOGETHER,
    ),
    Mutant(
        name="end-among-others-releases-nothing",
        meaning="A termination that is confirmed among other reports keeps its quota and variables.",
        file=_REPORTS,
        text="if after is None or after.generation > state.generation or _is_over(after):",
        replacement="if after is None or after.generation > state.generation:",
        tests=_TOGETHER,
    ),
    Mutant(
        name="terminations-not-first",
        meaning="A termination waits behind the orders of all older wishes.",
        file=_ORDERS,
        text="Turn(_TERMINATION if row.terminates else _WISH,",
        replacement="Turn(_WISH,",
        tests=_TALKS,
        unseen="all orders of its agents fit into one answer: their order is told by nothing",
    ),
    Mutant(
        name="drift-not-corrected",
        meaning="A full answer does not send what differs from the present rendering.",
        file=_ORDERS,
        text="            due = order_due(state, spec_digest=rendered.spec_digest)\n",
        replacement="            pass\n",
        tests=_FULL,
    ),
    Mutant(
        name="absent-though-a-page-is-missing",
        meaning="Workspaces of a page that was lost are taken for absent.",
        file="chalicelib/records/syncs.py",
        text='wanted = [f"{number:06}" for number in range(pages)]',
        replacement="wanted = sorted(found)",
        tests=_FULL,
    ),
    Mutant(
        name="absent-before-the-last-page",
        meaning="Workspaces of pages that are still to come are taken for absent.",
        file=_ABSENCES,
        text="    if not sync.last:\n        return None\n",
        replacement="",
        tests=_FULL,
    ),
    Mutant(
        name="transfer-of-two-leaders",
        meaning="The pages of two leaders complete one transfer.",
        file=_ABSENCES,
        text='transfer = f"{talk.epoch}:{sync.id}"',
        replacement="transfer = sync.id",
        tests=("tests/usecases/agents/test_transfers.py",),
        unseen="an agent's transfers carry the name of its process, so two leaders never share one",
    ),
    Mutant(
        name="orphan-removed-at-once",
        meaning="What nobody owns is removed without its grace.",
        file=_ORPHANS,
        text="if talk.ports.clock.now() < orphan.since + talk.settings.orphan_grace_seconds:",
        replacement="if False:",
        tests=_ABANDONED,
        unseen="there is no orphan: what is terminated is removed in order",
    ),
    Mutant(
        name="workspace-of-another-is-an-orphan",
        meaning="A workspace that another agent has by its record is removed as nobody's.",
        file=_ORPHANS,
        text=('    if _is_owned(talk, report):\n        return "unknown", None\n'),
        replacement="",
        tests=_ABANDONED,
        unseen="what an agent reports is its own, or there would be a lie that costs itself alone",
    ),
    Mutant(
        name="agents-share-a-partition",
        meaning="Every agent of an organisation is told the orders, and the Secrets, of all of them.",
        file="chalicelib/records/keys.py",
        text='return _join("ORG", org, "AGENT", agent)',
        replacement='return _join("ORG", org, "AGENT", agent[:3])',
        tests=_ABANDONED,
    ),
)
