"""What was said about each workspace, and what the control plane confirmed of it.

Reports are numbered here: a report's ``resource_version`` is the highest that was seen for the
workspace, raised by one where facts changed without a new version (an event, an error of our own).
So of two reports of one process the newer always has the higher number, however they arrive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.wire.reconcile import ApplyError, Receipt, WorkspaceReport

BYTES = 900_000
"""Of reports in one request; the control plane takes 1 MB."""

POISON = 3
"""Requests that fail with this one report alone before it is left out for a while."""
POISON_PAUSE = 60.0
POISON_CAP = 3_600.0


class Ledger:
    """Reports by workspace id."""

    def __init__(self) -> None:
        self._facts: dict[str, WorkspaceReport] = {}
        self._errors: dict[str, ApplyError] = {}
        self._lost: set[str] = set()
        """Workspaces whose Secrets are not what their Deployment says."""
        self._said: dict[str, WorkspaceReport] = {}
        self._unsent: dict[str, None] = {}
        self._ended: set[str] = set()
        self._floor = 0
        self._failures: dict[str, int] = {}
        self._skipped: dict[str, float] = {}

    def observe(self, report: WorkspaceReport) -> bool:
        """Take in present facts; True when there is something new to say."""
        self._facts[report.workspace_id] = report
        return self._restate(report.workspace_id)

    def fail(self, workspace_id: str, error: ApplyError | None) -> bool:
        """Take in that an order failed, or (None) that none does any more."""
        if error is None:
            if self._errors.pop(workspace_id, None) is None:
                return False
        else:
            self._errors[workspace_id] = error
        return self._restate(workspace_id)

    def lose(self, workspace_id: str) -> bool:
        """Secrets are missing: until they were applied, none are reported."""
        self._lost.add(workspace_id)
        return self._restate(workspace_id)

    def regain(self, workspace_id: str) -> bool:
        """All of an order is applied, Secrets too."""
        if workspace_id not in self._lost:
            return False
        self._lost.discard(workspace_id)
        return self._restate(workspace_id)

    def doubt(self, workspace_id: str, generation: int) -> None:
        """Say a workspace again, confirmed or not, if it lives in the generation that was ordered:
        whoever orders what is there does not know of it, as after a late copy of an old message."""
        said = self._said.get(workspace_id)
        if said is not None and said.deployment is not None and said.generation == generation:
            self._unsent[workspace_id] = None

    def report(self, workspace_id: str) -> WorkspaceReport | None:
        """The present report."""
        return self._said.get(workspace_id)

    def known(self) -> list[str]:
        """Ids of all workspaces that there is anything to say about, in order."""
        return sorted(self._said)

    def unsent(self) -> bool:
        """Whether something is not confirmed yet."""
        return bool(self._unsent)

    def unsay(self) -> None:
        """Nothing counts as confirmed any more, and no order that failed as an order."""
        for workspace_id in [*self._errors]:
            self.fail(workspace_id, None)
        self._unsent = dict.fromkeys(self._said)

    def batch(self, limit: int, now: float) -> tuple[tuple[WorkspaceReport, ...], bool]:
        """Unconfirmed reports, those first that wait longest; whether these are all."""
        reports, used = self.page(list(self._unsent), limit, now)
        return reports, used >= len(self._unsent)

    def page(
        self, ids: list[str], limit: int, now: float
    ) -> tuple[tuple[WorkspaceReport, ...], int]:
        """Reports of the first of ``ids`` that fit, and how many ids that used up."""
        reports: list[WorkspaceReport] = []
        size = used = 0
        for workspace_id in ids:
            report = self._said.get(workspace_id)
            if report is not None and self._skipped.get(workspace_id, now) <= now:
                size += len(report.model_dump_json())
                if reports and (len(reports) >= limit or size > BYTES):
                    break
                reports.append(report)
            used += 1
        return tuple(reports), used

    def settle(
        self, receipts: Iterable[Receipt], sent: Mapping[str, WorkspaceReport]
    ) -> dict[str, int]:
        """Take in receipts of what was sent; generations of the tombstones to collect, by id.

        Of no workspace of ours (``unknown``) is an answer too: it is said again only when it
        changes, and with each full. A receipt for another version than the sent one is ignored.
        """
        collect: dict[str, int] = {}
        for receipt in receipts:
            report = sent.get(receipt.workspace_id)
            if report is None or report.resource_version != receipt.resource_version:
                continue
            self._failures.pop(receipt.workspace_id, None)
            self._skipped.pop(receipt.workspace_id, None)
            if receipt.outcome == "collect" and report.tombstone is not None:
                collect[receipt.workspace_id] = report.tombstone
                self._ended.add(receipt.workspace_id)
            if self._said.get(receipt.workspace_id) is report:
                self._unsent.pop(receipt.workspace_id, None)
                if _is_nothing(report):
                    self._forget(receipt.workspace_id)
        return collect

    def poison(self, workspace_id: str, now: float) -> None:
        """A request with this report alone failed: after some, leave it out for a while."""
        failures = self._failures[workspace_id] = self._failures.get(workspace_id, 0) + 1
        if failures >= POISON:
            pause = POISON_PAUSE * 2.0 ** min(failures - POISON, 16)
            self._skipped[workspace_id] = now + min(pause, POISON_CAP)

    def _restate(self, workspace_id: str) -> bool:
        facts = self._facts.get(workspace_id)
        if facts is None:
            facts = WorkspaceReport(
                workspace_id=workspace_id, resource_version=0, namespace="Absent"
            )
        if workspace_id in self._lost:
            facts = facts.model_copy(update={"secrets_digest": ""})
        error = self._errors.get(workspace_id)
        report = facts.model_copy(update={"apply_error": error}) if error else facts
        if report.tombstone is None and not _is_nothing(report):
            self._ended.discard(workspace_id)  # it came back: gone again is news again
        said = self._said.get(workspace_id)
        if said is None and _is_nothing(report):
            self._facts.pop(workspace_id, None)
            return False
        number = max(report.resource_version, self._floor)
        if said is not None:
            if _is_nothing(report) and workspace_id in self._ended:
                self._forget(workspace_id)  # the control plane asked for it: no news
                return False
            if report.model_copy(update={"resource_version": said.resource_version}) == said:
                return False
            number = max(number, said.resource_version + 1)
        self._said[workspace_id] = report.model_copy(update={"resource_version": number})
        self._unsent[workspace_id] = None
        return True

    def _forget(self, workspace_id: str) -> None:
        gone = self._said.pop(workspace_id)
        self._facts.pop(workspace_id, None)
        self._unsent.pop(workspace_id, None)
        self._ended.discard(workspace_id)
        self._floor = max(self._floor, gone.resource_version + 1)


def _is_nothing(report: WorkspaceReport) -> bool:
    return (
        report.namespace == "Absent"
        and report.tombstone is None
        and report.deployment is None
        and report.pods == 0
        and report.apply_error is None
    )
