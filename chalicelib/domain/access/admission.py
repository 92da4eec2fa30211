"""An admission: the proxy's leave to let one browser into one endpoint of a workspace."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Admission:
    """Hangs on the session that asked for it and dies with it; ``expires_at`` at the latest."""

    id: str
    organisation_id: str
    agent_id: str
    workspace_id: str
    user_id: str
    session_id: str
    port: int
    expires_at: float
