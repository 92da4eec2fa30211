"""A campaign: many seeds in processes of their own."""

from simulation import campaign


def test_a_campaign_that_need_not_go_on_ends_soon() -> None:
    """What was begun is counted, and what was not begun is left."""
    totals, _ = campaign.run(
        range(101, 161), workers=1, told=lambda _: None, goes_on=lambda _: False, chunk=1
    )

    assert 1 <= totals.seeds < 60
    assert (totals.failed, totals.replayed, totals.mismatches) == ([], 0, [])
