"""An organisation with several people and agents, and what its rows say, read without the counters."""

from collections import Counter
from dataclasses import dataclass, field, replace

from chalicelib.domain.access.roles import Person, Role
from chalicelib.domain.organisations.quotas import Holder, Scope
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.workspaces.states import ActualState
from chalicelib.ports.store import Update
from chalicelib.records import keys, organisations, quotas, states, workspaces
from chalicelib.records.placement import Placement
from chalicelib.usecases.organisations.change import change_organisation
from chalicelib.usecases.organisations.quotas import Recount, recount_quotas
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from tests.builders import DEVFILE, PaperCluster, World, add_agent, add_member, make_world


@dataclass
class Crowd:
    """``size`` people, of whom the first is the owner, and as many agents."""

    size: int = 2
    per_user: int = 3
    per_agent: int = 4
    per_organisation: int = 5
    world: World = field(init=False)
    people: list[Person] = field(init=False)
    clusters: list[PaperCluster] = field(init=False)

    def __post_init__(self) -> None:
        settings = OrganisationSettings(
            git_hosts=(GitHost("git.example.com"),),
            workspaces_per_user=self.per_user,
            workspaces_per_agent=self.per_agent,
            workspaces_per_organisation=self.per_organisation,
        )
        self.world = make_world(settings)
        ports, org = self.world.ports, self.world.organisation.id
        more = range(2, self.size + 1)
        self.people = [self.world.person]
        self.people += [add_member(ports, org, f"usr-{n:012}", Role.DEVELOPER) for n in more]
        agents = [self.world.agent_id, *(add_agent(ports, org, f"ag-{n:012}") for n in more)]
        self.clusters = [PaperCluster(replace(self.world, agent_id=each)) for each in agents]

    @property
    def organisation_id(self) -> str:
        """The organisation."""
        return self.world.organisation.id

    def create(self, person: int = 0, agent: int = 0) -> str:
        """Create a workspace and return its id."""
        request = WorkspaceRequest("demo", self.clusters[agent].world.agent_id, devfile=DEVFILE)
        made = create_workspace(self.world.ports, self.people[person], request)
        return made.workspace.id

    def change_limits(self, **limits: int) -> None:
        """Change quotas, as the owner does: ``user=3``."""
        changes = {f"workspaces_per_{scope}": limit for scope, limit in limits.items()}
        change_organisation(self.world.ports, self.people[0], name=None, changes=changes)

    def limits(self) -> dict[Scope, int]:
        """What is allowed now."""
        settings = organisations.load(self.world.ports.store, self.organisation_id).settings
        return {scope: getattr(settings, f"workspaces_per_{scope}") for scope in Scope}

    def recount(self) -> Recount:
        """Count anew, as the owner does."""
        return recount_quotas(self.world.ports, self.people[0], remaining=lambda: 20.0)

    def plant(self, holder: Holder, offset: int) -> None:
        """Set a counter wrong, as no code of ours does."""
        name = {Scope.ORGANISATION: keys.organisation_quota(self.organisation_id)}
        name[Scope.USER] = keys.user_quota(self.organisation_id, holder.id)
        name[Scope.AGENT] = keys.agent_quota(self.organisation_id, holder.id)
        self.world.store.store.write(Update(name[holder.scope], add={"workspaces": offset}))

    def holders(self) -> list[Holder]:
        """Whoever has a quota."""
        found = [Holder(Scope.ORGANISATION, self.organisation_id)]
        found += [Holder(Scope.USER, person.id) for person in self.people]
        return found + [Holder(Scope.AGENT, each.world.agent_id) for each in self.clusters]

    def counters(self) -> dict[Holder, int]:
        """What the counters say."""
        found = quotas.load(self.world.store.store, self.organisation_id, self.holders())
        return {holder: count.workspaces for holder, count in found.items()}

    def living(self) -> list[tuple[str, str, str]]:
        """Id, owner and agent of every workspace whose state is not Terminated."""
        store, found = self.world.store.store, []
        for cluster in self.clusters:
            agent_id = cluster.world.agent_id
            for state in states.load_all(store, Placement(self.organisation_id, agent_id)):
                if state.actual is not ActualState.TERMINATED:
                    record = workspaces.load(store, self.organisation_id, state.workspace_id)
                    assert record is not None
                    found.append((state.workspace_id, record.owner_id, agent_id))
        return found

    def truth(self) -> dict[Holder, int]:
        """What the counters have to say."""
        count: Counter[Holder] = Counter()
        for _, owner, agent_id in self.living():
            count[Holder(Scope.ORGANISATION, self.organisation_id)] += 1
            count[Holder(Scope.USER, owner)] += 1
            count[Holder(Scope.AGENT, agent_id)] += 1
        return {holder: count[holder] for holder in self.holders()}
