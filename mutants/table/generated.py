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
    ),
    "chalicelib/domain/workspaces/decide.py": ("tests/domain", "tests/usecases/agents"),
    "chalicelib/usecases/agents/absences.py": ("tests/usecases/agents",),
    "chalicelib/usecases/agents/orders.py": ("tests/usecases/agents",),
    "chalicelib/usecases/agents/reconcile.py": ("tests/usecases/agents",),
    "chalicelib/usecases/agents/reports.py": ("tests/usecases/agents",),
}
"""The tests that are run for the breakages of a module, up to the first that fails."""

EXPLAINED: dict[tuple[str, str, str], str] = {}
"""Reasons, by module, line as it was, and line as it survives."""
