"""Who may do what: the roles of the agent's own manifest, and the bindings that are live.

Reading the rights from what is shipped, a right that is taken from the manifest is missing here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from berth_kube import kinds
from simulation.cluster.addresses import Address, group_of
from simulation.cluster.statuses import Refusal, forbidden
from simulation.cluster.store import Store, Stored

MANIFEST = Path(__file__).parents[2] / "infra" / "kubernetes" / "agent.yaml"
Rules = Mapping[tuple[str, str, str], frozenset[str] | None]
"""Names that are allowed by verb, API group and resource; None: all of them."""
Object = dict[str, Any]


class Account(NamedTuple):
    """A ServiceAccount."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.name}"


class Caller(NamedTuple):
    """A process that sends requests; without an account it is the administrator."""

    name: str
    account: Account | None = None


ADMIN = Caller("admin")
AGENT = Caller("agent", Account("berth", "berth-agent"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """The agent's installation: its objects, and rules by role."""

    objects: tuple[Object, ...]
    roles: Mapping[tuple[str, str, str], Rules]
    """By kind, namespace and name."""
    everywhere: Mapping[Account, Rules]


@lru_cache(maxsize=1)
def manifest(path: Path = MANIFEST) -> Manifest:
    """Read the manifest once."""
    documents = [thing for thing in yaml.safe_load_all(path.read_text()) if thing]
    roles: dict[tuple[str, str, str], Rules] = {}
    everywhere: dict[Account, Rules] = {}
    for thing in documents:
        if thing["kind"] in ("Role", "ClusterRole"):
            metadata = thing["metadata"]
            key = (thing["kind"], metadata.get("namespace", ""), metadata["name"])
            roles[key] = _rules(thing["rules"])
    for thing in documents:
        if thing["kind"] == "ClusterRoleBinding":
            for subject in thing["subjects"]:
                account = Account(subject["namespace"], subject["name"])
                everywhere[account] = roles["ClusterRole", "", thing["roleRef"]["name"]]
    named = {kind.name for kind in kinds.ALL}
    return Manifest(tuple(t for t in documents if t["kind"] in named), roles, everywhere)


class Rights:
    """Looks at the bindings that are live."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._manifest = manifest()
        self._known_at: dict[str, float] = {}

    def made(self, binding: Stored, known_at: float) -> None:
        """Note when a RoleBinding that was made will be known to who decides."""
        self._known_at[binding.uid] = known_at

    def check(self, caller: Caller, verb: str, address: Address, now: float) -> None:
        """Raise ``Refusal`` unless the caller may."""
        account = caller.account
        if account is None:
            return
        resource = address.kind.plural + (f"/{address.part}" if address.part else "")
        place = address.name if address.kind is kinds.NAMESPACE else address.namespace
        wanted = (verb, group_of(address.kind), resource)
        for rules in self._rules(account, place, now):
            names = rules.get(wanted, frozenset())
            if names is None or address.name in names:
                return
        raise _refusal(account, verb, address)

    def _rules(self, account: Account, namespace: str, now: float) -> Iterable[Rules]:
        if found := self._manifest.everywhere.get(account):
            yield found
        for binding in self._store.shelf(kinds.ROLE_BINDING).all(namespace):
            if self._known_at.get(binding.uid, 0.0) > now:
                continue
            role, subjects = binding.object["roleRef"], binding.object.get("subjects") or ()
            if any(_is(subject, account) for subject in subjects):
                inside = namespace if role["kind"] == "Role" else ""
                rules = self._manifest.roles.get((role["kind"], inside, role["name"]))
                if rules is not None:
                    yield rules


def _rules(stated: list[Object]) -> Rules:
    rules: dict[tuple[str, str, str], frozenset[str] | None] = {}
    for rule in stated:
        names = frozenset(rule["resourceNames"]) if "resourceNames" in rule else None
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    key = (verb, group, resource)
                    known = rules.get(key, frozenset())
                    rules[key] = None if names is None or known is None else known | names
    return rules


def _is(subject: Object, account: Account) -> bool:
    return (
        subject.get("kind") == "ServiceAccount"
        and subject.get("name") == account.name
        and subject.get("namespace") == account.namespace
    )


def _refusal(account: Account, verb: str, address: Address) -> Refusal:
    kind = address.kind
    where = (
        f'in the namespace "{address.namespace}"' if address.namespace else "at the cluster scope"
    )
    why = (
        f'User "{account}" cannot {verb} resource "{kind.plural}"'
        f' in API group "{group_of(kind)}" {where}'
    )
    return forbidden(kind, address.name, why)
