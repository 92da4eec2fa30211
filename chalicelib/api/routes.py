"""Every route, as one table.

A handler takes a ``Call`` and the ids of the path by their names, and may take ``body`` and ``query``:
their types and its answer's are pydantic models, from which ``openapi`` makes the document.
"""

from enum import Enum
from typing import NamedTuple

KIB = 1024


class Credential(Enum):
    """What a route asks for."""

    NONE = "none"
    PERSON = "person"
    """A personal token, or the session of a browser."""
    SESSION = "session"
    """The session of a browser, and nothing else."""
    AGENT = "agent"
    PROXY = "proxy"


class Route(NamedTuple):
    """One method on one path. ``handler`` is ``module:function`` of this package; ``limit`` is of the
    body, in bytes; what a ``page`` refuses is said in HTML."""

    method: str
    path: str
    handler: str
    credential: Credential = Credential.PERSON
    status: int = 200
    limit: int = 256 * KIB
    page: bool = False

    @property
    def surface(self) -> str:
        """Which deployment serves it: ``people``, ``agents`` or ``all``."""
        if self.handler.startswith("health:"):
            return "all"
        return "agents" if self.path.startswith("/agent/") else "people"

    @property
    def idempotent(self) -> bool:
        """Whether it takes an ``Idempotency-Key``: whatever a person makes."""
        return self.method == "POST" and self.credential is Credential.PERSON


_NONE, _SESSION = Credential.NONE, Credential.SESSION
_AGENT, _PROXY = Credential.AGENT, Credential.PROXY

ROUTES = (
    Route("GET", "/healthz", "health:get_health", _NONE),
    Route("GET", "/readyz", "health:get_ready", _NONE),
    Route("GET", "/openapi.json", "health:get_openapi", _NONE),
    Route("GET", "/", "sign_in:show_start", _NONE, page=True),
    Route("GET", "/sign-in", "sign_in:get_sign_in", _NONE, page=True),
    Route("POST", "/sign-in", "sign_in:post_sign_in", _NONE, status=204),
    Route("GET", "/sign-in/callback", "sign_in:get_callback", _NONE, page=True),
    Route("POST", "/sign-out", "sign_in:post_sign_out", _SESSION),
    Route("GET", "/enter", "sign_in:get_enter", _NONE, page=True),
    Route("GET", "/cli", "tokens:show_grant", _NONE, page=True),
    Route("GET", "/api/v1/me", "people:show_me"),
    Route("GET", "/api/v1/organisation", "people:show_organisation"),
    Route("PATCH", "/api/v1/organisation", "people:patch_organisation"),
    Route("GET", "/api/v1/organisation/quotas", "quotas:get_quotas"),
    Route("POST", "/api/v1/organisation/quotas/recount", "quotas:post_recount"),
    Route("GET", "/api/v1/members", "people:get_members"),
    Route("PATCH", "/api/v1/members/{user_id}", "people:patch_member"),
    Route("DELETE", "/api/v1/members/{user_id}", "people:delete_member", status=204),
    Route("POST", "/api/v1/invitations", "people:post_invitation", status=201),
    Route("GET", "/api/v1/tokens", "tokens:get_tokens"),
    Route("POST", "/api/v1/tokens", "tokens:post_token", status=201),
    Route("DELETE", "/api/v1/tokens/{token_id}", "tokens:delete_token", status=204),
    Route("POST", "/api/v1/tokens/grants", "tokens:post_grant", _SESSION, status=201),
    Route("POST", "/api/v1/tokens/exchange", "tokens:post_exchange", _NONE, status=201),
    Route("GET", "/api/v1/agents", "agents:get_agents"),
    Route("POST", "/api/v1/agents", "agents:post_agent", status=201),
    Route("GET", "/api/v1/agents/{agent_id}", "agents:get_agent"),
    Route("PATCH", "/api/v1/agents/{agent_id}", "agents:patch_agent"),
    Route("POST", "/api/v1/agents/{agent_id}/rotate", "agents:post_rotation", status=201),
    Route("POST", "/api/v1/agents/{agent_id}/retire", "agents:post_retirement"),
    Route("POST", "/api/v1/agents/{agent_id}/cordon", "agents:post_cordon"),
    Route("POST", "/api/v1/agents/{agent_id}/uncordon", "agents:post_uncordon"),
    Route("POST", "/api/v1/agents/{agent_id}/drain", "agents:post_drain"),
    Route("GET", "/api/v1/workspaces", "workspaces:get_workspaces"),
    # Variables may have 512 KiB in all.
    Route("POST", "/api/v1/workspaces", "workspaces:post_workspace", status=201, limit=1024 * KIB),
    Route("GET", "/api/v1/workspaces/{workspace_id}", "workspaces:get_workspace"),
    Route("PATCH", "/api/v1/workspaces/{workspace_id}", "workspaces:patch_workspace"),
    Route("DELETE", "/api/v1/workspaces/{workspace_id}", "workspaces:delete_workspace", status=202),
    Route("POST", "/api/v1/workspaces/{workspace_id}/move", "workspaces:post_move", status=202),
    Route("DELETE", "/api/v1/workspaces/{workspace_id}/move", "workspaces:delete_move"),
    Route("GET", "/api/v1/workspaces/{workspace_id}/events", "workspaces:get_events"),
    Route("GET", "/api/v1/workspaces/{workspace_id}/variables", "workspaces:get_variables"),
    Route("GET", "/api/v1/audit/records", "audit:get_records"),
    Route("GET", "/api/v1/audit/checkpoints", "audit:get_checkpoints"),
    Route("GET", "/api/v1/audit/verification", "audit:get_verification"),
    Route("POST", "/api/v1/audit/comparison", "audit:post_comparison", limit=1024 * KIB),
    Route("POST", "/agent/v1/reconcile", "programs:post_reconcile", _AGENT, limit=1024 * KIB),
    Route("GET", "/agent/v1/wake", "programs:get_wake", _AGENT),
    Route("POST", "/agent/v1/prerequisites", "programs:post_prerequisites", _AGENT),
    Route("POST", "/agent/v1/admissions", "programs:post_admission", _PROXY),
    Route("POST", "/agent/v1/admissions/recheck", "programs:post_recheck", _PROXY),
)
