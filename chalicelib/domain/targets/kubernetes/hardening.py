"""What every pod and container is allowed: the ``restricted`` Pod Security Standard and more.

All of it is constant but the user id. Group 0 because images that run as an arbitrary user grant
their files to that group; ``fsGroup`` 0 for the same reason: what a volume and a mounted Secret
hold belongs to the group the processes run in, and no second group has to exist.
"""

from chalicelib.domain.targets.target import Object

CONTAINER: Object = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
}
"""For the images of users, which may write to their own root file system."""

OWN_CONTAINER: Object = CONTAINER | {"readOnlyRootFilesystem": True}
"""For our images."""


def pod(user_id: int) -> Object:
    """Return the pod's security context."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user_id,
        "runAsGroup": 0,
        "fsGroup": 0,
        # A volume that is right already is not walked again at each start.
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
