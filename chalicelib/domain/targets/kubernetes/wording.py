"""What a cluster says, made fit to be shown: short, and without the cluster's own affairs."""

import re

LONGEST_MESSAGE = 300
"""Characters of a reason's message, which the hot item of a workspace holds."""
LONGEST_QUOTE = 200
"""Characters of the cluster's own words in it."""
_MOST_READ = 2048

_STATED = r"(?i)\b((?:token|password|passwd|secret|authorization)\s*[=:]\s*)"
_SCHEME = r"(?i)\b((?:bearer|basic)\s+)"
_RUNTIME_PREFIXES = (
    r"rpc error: code = \w+ desc = ",
    r"failed to create (containerd|shim) task: ",
    r"OCI runtime create failed: ",
    r"runc create failed: ",
    r"unable to start container process: ",
)

_REPLACEMENTS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Credentials first, whatever else a text holds.
        (r"(?<=://)[^/\s@\"']+@", ""),
        (_SCHEME + r"[\w.~+/=-]{4,}", r"\1..."),
        (_STATED + r"[^\s\"',;]+", r"\1..."),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", "..."),
        ("|".join(_RUNTIME_PREFIXES), ""),
        # Says that the kubelet waits, not why.
        (r"(?i)^back-off \w+ restarting failed container.*", ""),
        # Pods, namespaces, nodes, uids and addresses mean nothing to a workspace's owner.
        (r"\bpods? \"[^\"]*\"", "the pod"),
        (r"\bworkspace-[0-9a-f]{5,10}-[a-z0-9]{5}(_[\w-]+\([\w-]+\))?", "the pod"),
        (r"\b(in |from )?namespace:? \"?berth-ws-[0-9a-z]+\"?", "the workspace"),
        (r"\"?\bberth-ws-[0-9a-z]+\b\"?(?=/)", "workspace"),
        (r"\"?\bberth-ws-[0-9a-z]+\b\"?", "the workspace"),
        (r"\bnode \"[^\"]*\"|\bnode [a-z0-9][-.a-z0-9]*\d[-.a-z0-9]*", "a node"),
        (r"\bip-\d+-\d+-\d+-\d+[-.\w]*", "a node"),
        (r"\bpvc-[0-9a-f-]{36}\b", "the volume"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "..."),
        (r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b", "an address"),
        (r"\[[0-9a-fA-F:]{3,}\](:\d+)?", "an address"),
        (r"/var/lib/(kubelet|containerd)/\S+", "a path of the node"),
    )
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown(text: str, limit: int = LONGEST_MESSAGE) -> str:
    """Return the first line of a text from a cluster, cleaned and at most ``limit`` long."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    line = _CONTROL.sub(" ", line[:_MOST_READ])
    for pattern, replacement in _REPLACEMENTS:
        line = pattern.sub(replacement, line)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
