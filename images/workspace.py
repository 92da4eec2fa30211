"""The workspace image: a plain Debian for development, made for an arbitrary user of group 0.

Berth needs nothing of a user's image; this one is for the demo, the tests, and as a recipe to begin with.
"""

from pathlib import Path

from images.architectures import Architecture
from images.debian import mmdebstrap

PACKAGES = (
    "bash-completion",
    "ca-certificates",
    "curl",
    "git",
    "less",
    "procps",
    "python3-minimal",
    "vim-tiny",
)
USER_ID = 33333
HOME = "/home/developer"
LEFT_OUT = tuple(f"/usr/share/{folder}/*" for folder in ("doc", "info", "locale", "man"))
COPYRIGHTS = "/usr/share/doc/*/copyright"

# Whatever user id the cluster picks, it comes with group 0: so group 0 may do what the owner may.
PREPARE_FOR_ANY_USER = (
    f'chroot "$1" useradd --uid {USER_ID} --gid 0 --create-home --home-dir {HOME} --shell /bin/bash developer',
    f'chgrp -R 0 "$1{HOME}" && chmod -R g=u "$1{HOME}" "$1/etc/passwd" "$1/etc/group"',
    'mkdir -m 775 "$1/projects"',
)


def build_workspace(folder: Path, architecture: Architecture) -> None:
    """Write ``layer.tar`` to `folder`."""
    mmdebstrap(
        [
            "--variant=minbase",
            f"--architectures={architecture.name}",
            f"--include={','.join(PACKAGES)}",
            *[f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT],
            f"--dpkgopt=path-include={COPYRIGHTS}",
            *[f"--customize-hook={command}" for command in PREPARE_FOR_ANY_USER],
        ],
        folder / "layer.tar",
    )
