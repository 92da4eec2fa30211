"""Orders as the control plane sends them: rendered by the real target."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.targets.kubernetes import freeze, render, render_secrets
from chalicelib.domain.targets.plan import PlannedContainer, PlannedEndpoint, WorkspacePlan
from chalicelib.domain.targets.target import GuardRails, Holes
from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.wire.reconcile import ApplyOrder

AGENT = "ag-0123456789ab"
VARIABLES = (Variable("GREETING", VariableKind.ENVIRONMENT, "hello"),)


@dataclass(frozen=True)
class Workspace:
    """A workspace whose orders a test wants."""

    id: str
    agent_id: str = AGENT
    variables: tuple[Variable, ...] = VARIABLES

    def order(
        self,
        generation: int,
        *,
        replicas: int = 1,
        secrets: bool = True,
        extra_ca: str = "",
    ) -> ApplyOrder:
        """The order of a generation, with Secrets unless told otherwise."""
        settings = AgentSettings(zone="demo.localhost", extra_ca=extra_ca)
        digest = "d" * 64 if self.variables else ""
        rendered = render(
            freeze(self._plan(settings)),
            GuardRails(self.agent_id, settings, "berth"),
            Holes(generation, replicas, digest),
        )
        sent = render_secrets(self.id, self.agent_id, self.variables)
        return ApplyOrder(
            workspace_id=self.id,
            generation=generation,
            spec_digest=rendered.spec_digest,
            secrets_digest=digest,
            secret_names=rendered.secret_names,
            objects=rendered.objects,
            secrets=sent if secrets else None,
        )

    def _plan(self, settings: AgentSettings) -> WorkspacePlan:
        return WorkspacePlan(
            workspace_id=self.id,
            workspace_name="trial",
            agent_id=self.agent_id,
            organisation_id="org-0123456789ab",
            owner_id="usr-0123456789ab",
            editor="terminal",
            containers=(
                PlannedContainer(
                    name="dev",
                    image="localhost/none:1",
                    main=True,
                    endpoints=(PlannedEndpoint("web", 8080),),
                ),
            ),
            volumes=(),
            projects=(),
            disk_gib=1,
            user_id=10_001,
            variables=tuple((v.name, v.kind.value) for v in self.variables),
            agent=settings,
        )
