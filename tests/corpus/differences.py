"""Where Berth refuses what the corpus accepts: one entry for each rule of ours, with its reason."""

POLICY = {
    "unsupported": "a member that Berth does not support yet is refused by name, never ignored",
    "main-container": "a devfile is read to run a workspace, and that needs a container for the editor",
    "remote-address": "only addresses that can be cloned safely are projects; the corpus has placeholder words there",
}
"""Codes that may come on top of those that a case expects."""

HIDING = "unsupported"
"""Nothing below a refused member is judged, so the codes that a case expects there may be missing."""

EACH_PLACE = {
    "unknown-volume": "each mount is named at its own place; the corpus counts one for the component",
}
"""Codes that are reported more often than a case counts them."""
