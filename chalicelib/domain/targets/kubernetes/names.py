"""Names and paths inside a workspace's namespace.

They are constants: nothing of a user's text is in them. Live objects carry them, and the tools
image, the agent and the proxy read some: changing one needs a migration.
"""

from chalicelib.wire import labels

WORKLOAD = "workspace"
"""The Deployment and the Service."""
GUARD = "berth"
"""The ResourceQuota, the LimitRange and the NetworkPolicy."""
SERVICE_ACCOUNT = "berth-workspace"
CLAIM = "berth-data"
ENVIRONMENT_SECRET = "berth-environment"  # noqa: S105 - the name of a Secret
FILES_SECRET = "berth-files"  # noqa: S105 - the name of a Secret
TRUST = "berth-trust"
"""The ConfigMap with the certificate authorities of the site."""
TRUST_FILE = "ca.pem"

TOOLS_CONTAINER = "berth-tools"
CLONE_CONTAINER = "berth-clone"
HOOK_PREFIX = "before-start-"
RESERVED_PREFIXES = ("berth-", HOOK_PREFIX)
"""How no container of a devfile may be called."""

TOOLS_PATH = "/.berth"
RUN_PATH = "/.berth-run"
VARIABLES_PATH = "/.berth-variables"
TRUST_PATH = "/.berth-trust"
HOME_PATH = "/home/berth"
CLONE_PATH = "/projects"
"""Where the clone program sees the projects; containers may see them elsewhere."""

namespace_of = labels.namespace_of
parent_of = labels.namespace_of
"""The parent ConfigMap is called like the namespace it is in."""
