"""Where mechanical breakages are made, by which tests they are looked for, and why some survive."""

MODULES: dict[str, tuple[str, ...]] = {
    "chalicelib/domain/access/roles.py": (
        "tests/architecture/test_roles_page.py",
        "tests/api/test_roles.py",
    ),
    "chalicelib/usecases/access/permission.py": ("tests/api/test_roles.py",),
    "chalicelib/adapters/sealing.py": ("tests/usecases/agents/test_sealing.py",),
    "chalicelib/domain/workspaces/transitions.py": (
        "tests/domain",
        "tests/usecases/workspaces/test_sweep.py",
        "tests/usecases/agents/test_reconcile.py",
    ),
    "chalicelib/domain/workspaces/decide.py": ("tests/domain", "tests/usecases/agents"),
    "chalicelib/usecases/agents/absences.py": ("tests/usecases/agents",),
    "chalicelib/usecases/agents/orders.py": ("tests/usecases/agents",),
    "chalicelib/usecases/agents/reconcile.py": ("tests/usecases/agents",),
    "chalicelib/usecases/agents/reports.py": ("tests/usecases/agents",),
}
"""The tests that are run for the breakages of a module, up to the first that fails."""

_TRANSITIONS = "chalicelib/domain/workspaces/transitions.py"
_VERSION = "a version is compared and raised, and any number does to begin with"
_POSITIVE = "the versions of a cluster are above 0, and an equal one is heard too"

_DECIDE = "chalicelib/domain/workspaces/decide.py"
_NONE = "no generation is below 1: what is not 0 is as far from any wish"
_FAR = "the bound itself, and its half, are as unreachable as what is beyond"
_AHEAD = "if is_known or seen.generation > _FARTHEST:"
_EITHER = "the first report since is no older than either"
_ACKNOWLEDGED = "acknowledged=max(state.acknowledged, live if live <= state.generation else "
_BURIED = " if seen.absent or seen.tombstone is not None else seen.generation"
_HELD = "held = replace(state.with_nothing_live(), withheld=True, epoch=epoch, resource_version="

_REPORTS = "chalicelib/usecases/agents/reports.py"
_ALONE = "a single change is written by one call either way"
_UNSEEN = "generation=0 if observed.altered else report.generation,"

_RECONCILE = "chalicelib/usecases/agents/reconcile.py"
_UNSETTLED = "unsettled = rows or more or removals or len(taken) < len(request.reports)"
_REPEATED = "a removal is said again with the next report of what lives, however settled the intent"
_FOLLOWED = (
    "a page with more to come is followed by its cursor, and the last one says its own intent"
)

EXPLAINED: dict[tuple[str, str, str], str] = {
    (_TRANSITIONS, "version=1,", "version= 2,"): _VERSION,
    (_TRANSITIONS, "version=1,", "version= 0,"): _VERSION,
    (_TRANSITIONS, "resource_version=0,", "resource_version= 1,"): _POSITIVE,
    (_TRANSITIONS, "resource_version=0,", "resource_version= -1,"): _POSITIVE,
    (_DECIDE, f"{_ACKNOWLEDGED}0),", f"{_ACKNOWLEDGED}-1),"): _NONE,
    (_DECIDE, f"return 0{_BURIED}", f"return -1{_BURIED}"): _NONE,
    (_DECIDE, "_FARTHEST = 2**52", "_FARTHEST = 2** 51"): _FAR,
    (_DECIDE, _AHEAD, _AHEAD.replace(">", ">=")): _FAR,
    (_DECIDE, f"{_HELD}0)", f"{_HELD} 1)"): _EITHER,
    (_DECIDE, f"{_HELD}0)", f"{_HELD} -1)"): _EITHER,
    (_REPORTS, "if len(foreseen) < 2:", "if len(foreseen) < 1:"): _ALONE,
    (_REPORTS, _UNSEEN, _UNSEEN.replace("=0", "= -1")): _NONE,
    (_RECONCILE, _UNSETTLED, _UNSETTLED.replace("more or", "more and")): _FOLLOWED,
    (_RECONCILE, _UNSETTLED, _UNSETTLED.replace("removals or", "removals and")): _REPEATED,
}
"""Reasons, by module, line as it was, and line as it survives."""
