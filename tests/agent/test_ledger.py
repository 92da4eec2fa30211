"""What the agent has said of a workspace that went, and came back."""

from berth_agent.ledger import Ledger
from chalicelib.wire.reconcile import DeploymentFacts, Receipt, WorkspaceReport

NAME = "ws-0123456789ab"


def report(version: int, *, tombstone: int | None = None, lives: bool = False) -> WorkspaceReport:
    """Facts of the workspace."""
    return WorkspaceReport(
        workspace_id=NAME,
        resource_version=version,
        namespace="Active" if lives else "Absent",
        tombstone=tombstone,
        deployment=DeploymentFacts(generation=1) if lives else None,
    )


def confirmed(ledger: Ledger, outcome: str = "stored") -> None:
    """Send what is to be said, and hear the receipts."""
    reports, _ = ledger.batch(10, 0.0)
    sent = {each.workspace_id: each for each in reports}
    receipts = [
        Receipt.model_validate(
            {
                "workspace_id": each.workspace_id,
                "resource_version": each.resource_version,
                "outcome": outcome,
            }
        )
        for each in reports
    ]
    ledger.settle(receipts, sent)


def test_what_was_asked_to_go_is_no_news_when_it_is_gone() -> None:
    """A tombstone that was collected leaves nothing to say."""
    ledger = Ledger()
    ledger.observe(report(1, tombstone=2))
    confirmed(ledger, "collect")
    assert not ledger.observe(report(3))
    assert ledger.known() == []


def test_what_came_back_before_its_tombstone_was_seen_to_go_is_told_when_it_vanishes() -> None:
    """Watches are not in step: the workspace that moved back may be seen before its old tombstone's
    end, and somebody who deletes it then is not taken for the control plane."""
    ledger = Ledger()
    ledger.observe(report(1, tombstone=2))
    confirmed(ledger, "collect")
    ledger.observe(report(3, lives=True))
    confirmed(ledger)
    assert ledger.observe(report(5))
    assert ledger.unsent()
