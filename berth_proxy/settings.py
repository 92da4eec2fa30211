"""The proxy's settings, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable ``BERTH_<FIELD>``."""

    control_plane_url: str
    """Address of the control plane."""
    agent_id: str
    """Id of the agent whose workspaces are served: Services with another one's label are not."""
    zone: str
    """DNS name under which workspaces answer, with the port that browsers use where it is not 443."""
    token_file: Path = Path("/etc/berth/token/token")
    """The proxy's credential for the control plane."""
    tls_folder: Path = Path("/etc/berth/tls")
    """``tls.crt`` and ``tls.key`` for ``*.<zone>``."""
    ca_file: str = ""
    """PEM of authorities to trust beside the system's."""
    run_folder: Path = Path("/run/berth")
    """Shared with HAProxy: configuration, keys, sockets. Holds secrets; mode 0700."""
    bind: str = ":8443"
    """Where HAProxy listens for browsers."""
    health_bind: str = ":8480"
    """Where HAProxy answers ``/healthz``."""
    portal: str = "127.0.0.1:9010"
    """Where the controller listens for HAProxy."""
    recheck_seconds: int = 30
    """Between two questions about who may stay. A controller that does not ask for four times as long is stuck, and ends."""
    buckets: int = 256
    """Bucket backends of 20 slots each: 256 carry 5,120 workspaces."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings. Raises ValueError that names every variable that is missing or wrong."""
        values: dict[str, str | int | Path] = {}
        problems = []
        for name, field in cls.__dataclass_fields__.items():
            variable = (
                f"BERTH_PROXY_{name.upper()}" if name == "token_file" else f"BERTH_{name.upper()}"
            )
            text = environment.get(variable)
            if text is None:
                if name in {"control_plane_url", "agent_id", "zone"}:
                    problems.append(f"{variable} is not set")
                continue
            if field.type in {"int", int}:
                if not text.isdecimal():
                    problems.append(f"{variable} is no number")
                    continue
                values[name] = int(text)
            else:
                values[name] = Path(text) if field.type in {"Path", Path} else text
        if problems:
            raise ValueError("; ".join(problems))
        return cls(**values)  # type: ignore[arg-type] # each value was made for its field above
