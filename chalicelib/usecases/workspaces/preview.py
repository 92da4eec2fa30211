"""The objects that a devfile becomes, without a store, a person or a cluster."""

from chalicelib.devfile import Devfile
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.editors import EDITORS
from chalicelib.domain.errors import Invalid
from chalicelib.domain.targets import TARGETS
from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.domain.targets.target import GuardRails, Holes, Object
from chalicelib.domain.workspaces.workspace import DevfileSource
from chalicelib.usecases.workspaces.compose import compose

_ID = "0" * 26
_USER_ID = 10_000
_NOWHERE = AgentSettings(zone="workspaces.example.com")
_INLINE = DevfileSource()


class NotToBeRun(Exception):
    """What is to be shown cannot run as a workspace; the message is for people."""


def preview(
    devfile: Devfile,
    *,
    editor: str = "terminal",
    source: DevfileSource = _INLINE,
    settings: AgentSettings = _NOWHERE,
) -> tuple[Object, ...]:
    """Return what an agent with these settings would be ordered to apply, ids and Secrets apart.

    Raises NotToBeRun with every problem of a devfile that cannot become a workload.
    """
    if editor not in EDITORS:
        raise NotToBeRun(f"There is no editor {editor}; there are: {', '.join(EDITORS)}.")
    composed = compose(devfile, source, settings)
    plan = WorkspacePlan(
        workspace_id=f"ws-{_ID}",
        workspace_name=devfile.name or "preview",
        agent_id=f"agent-{_ID}",
        organisation_id=f"org-{_ID}",
        owner_id=f"user-{_ID}",
        editor=editor,
        containers=composed.containers,
        volumes=composed.volumes,
        projects=composed.projects,
        disk_gib=composed.disk_gib,
        user_id=_USER_ID,
        variables=(),
        agent=settings,
    )
    target = TARGETS["kubernetes"]
    try:
        frozen = target.freeze(plan)
    except Invalid as error:
        raise NotToBeRun("\n".join(problem.message for problem in error.problems)) from error
    guard = GuardRails(plan.agent_id, settings)
    return target.render(frozen, guard, Holes(generation=1, replicas=1)).objects
