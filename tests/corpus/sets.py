"""Each set of the corpus: who judges it, and what is compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.corpus.cases import Case, Judge
from tests.corpus.texts import by_devcontainer, by_reading, by_rules, by_schema, by_strict
from tests.corpus.trees import by_flattening, by_merge, by_override, by_variables
from tests.corpus.workloads import (
    by_container,
    by_environment,
    by_hooks,
    by_overrides,
    by_prestart,
    by_storage,
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A judge, and in words what he compares."""

    judge: Judge
    what: str


def by_lifecycle(case: Case) -> Judge:
    """Pick the judge of an event."""
    return by_prestart if case.check.endswith("prestart") else by_hooks


SETS: Mapping[str, Compared] = {
    "api-schema": Compared(by_schema, "outcome, by the schema alone"),
    "api-override": Compared(by_override, "resulting tree"),
    "api-merge": Compared(by_merge, "resulting tree"),
    "api-variables": Compared(by_variables, "resulting tree and unknown names"),
    "api-semantic": Compared(by_rules, "outcome and codes"),
    "api-samples": Compared(by_schema, "outcome, by the schema alone"),
    "registry-stacks": Compared(by_reading, "outcome"),
    "che-editors": Compared(by_reading, "outcome"),
    "generator": Compared(by_schema, "outcome, by the schema alone"),
    "library-samples": Compared(by_schema, "outcome, by the schema alone"),
    "dwo-flatten": Compared(by_flattening, "resulting tree, below the schema, in any order"),
    "dwo-container": Compared(by_container, "environment, projects, stated resources"),
    "dwo-env": Compared(by_environment, "environment"),
    "dwo-lifecycle": Compared(lambda case: by_lifecycle(case)(case), "containers and lines"),
    "dwo-overrides": Compared(by_overrides, "outcome"),
    "dwo-storage": Compared(
        by_storage, "folders and emptyDirs by place; no sizes: each has its own default"
    ),
    "hardening": Compared(by_reading, "outcome"),
    "gitlab-profile": Compared(by_strict, "outcome, in the strict profile"),
    "devcontainer-templates": Compared(by_devcontainer, "outcome, and whether a build is why"),
}
