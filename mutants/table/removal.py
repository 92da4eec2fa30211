"""Termination in the cluster: tombstone, pods, namespace, and the end of the tombstone."""

from mutants.mutant import Mutant

_APPLIER = "berth_agent/applier.py"
_TERMINATOR = "berth_agent/terminator.py"
_LIVES = ("tests/simulation/cluster/test_lives.py",)
_GUARDS = ("tests/simulation/cluster/test_guards.py",)

ROWS = (
    Mutant(
        name="no-tombstone",
        meaning="A workspace is removed without a tombstone.",
        file=_TERMINATOR,
        text="        self._bury(workspace_id, generation)\n",
        replacement="",
        tests=_GUARDS,
    ),
    Mutant(
        name="tombstone-after-the-deletion",
        meaning="The tombstone is written once the namespace is gone, too late for who creates.",
        file=_TERMINATOR,
        text=(
            "        self._bury(workspace_id, generation)\n"
            "        namespace = self._namespace(workspace_id)\n"
            "        if namespace is None:\n"
        ),
        replacement=(
            "        namespace = self._namespace(workspace_id)\n"
            "        if namespace is None:\n"
            "            self._bury(workspace_id, generation)\n"
        ),
        tests=_GUARDS,
    ),
    Mutant(
        name="create-without-a-look-at-the-tombstone",
        meaning="An order creates a workspace whose tombstone stands.",
        file=_APPLIER,
        text=(
            "        if self._client.get(kinds.CONFIG_MAP, name, Partial,"
            " namespace=self._owner.namespace):\n"
        ),
        replacement="        if not name:\n",
        tests=_LIVES,
    ),
    Mutant(
        name="create-trusts-its-first-look",
        meaning="The tombstone is looked for before a namespace is made and not after: a stale look.",
        file=_APPLIER,
        text="one of us two sees the other.\n            self._check_tombstone(group)\n",
        replacement="one of us two sees the other.\n",
        tests=_GUARDS,
    ),
    Mutant(
        name="volume-before-the-last-pod",
        meaning="The namespace is deleted while a pod still writes to the volume.",
        file=_TERMINATOR,
        text="if self._stop(workspace_id, place) or self._pods(place):",
        replacement="if self._stop(workspace_id, place):",
        tests=_GUARDS,
    ),
    Mutant(
        name="namespace-of-another-removed",
        meaning="A namespace that carries another's labels is deleted.",
        file=_TERMINATOR,
        text="or not self._owner.owns(namespace, workspace_id):",
        replacement="or namespace.metadata.name != place:",
        tests=_GUARDS,
        unseen="nobody there makes a namespace of a workspace's name",
    ),
    Mutant(
        name="tombstone-of-the-living-collected",
        meaning="The tombstone is deleted while the namespace still lives.",
        file=_TERMINATOR,
        text=" or self._namespace(workspace_id):\n",
        replacement=":\n",
        tests=_GUARDS,
    ),
    Mutant(
        name="newer-tombstone-collected",
        meaning="The tombstone of a later termination is deleted by an older word.",
        file=_TERMINATOR,
        text="if tombstones.generation_of(live) > generation or ",
        replacement="if ",
        tests=_GUARDS,
        unseen="a workspace is terminated once: no later tombstone follows",
    ),
    Mutant(
        name="tombstone-is-lowered",
        meaning="A late order to terminate lowers the generation of the tombstone.",
        file=_TERMINATOR,
        text="        if live is not None and tombstones.generation_of(live) >= generation:\n",
        replacement=(
            "        if live is not None and tombstones.generation_of(live) == generation:\n"
        ),
        tests=_GUARDS,
        unseen="a workspace is terminated once: all orders to terminate it have one generation",
    ),
)
