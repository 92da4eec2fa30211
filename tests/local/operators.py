"""The commands of whoever runs an installation, as guides call them."""

import subprocess
import sys
from base64 import b64encode

SETTINGS = {
    "BERTH_PUBLIC_URL": "https://berth.example.com",
    "BERTH_PEPPER": b64encode(b"p" * 32).decode(),
    "BERTH_OIDC_ISSUER": "https://issuer.example.com",
    "BERTH_OIDC_CLIENT_ID": "berth",
    "BERTH_OIDC_CLIENT_SECRET": "secret",
}


def run(module: str, *words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module words`` with nothing else in its environment."""
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
