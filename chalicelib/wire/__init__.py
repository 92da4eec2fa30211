"""What two programs must agree on: labels, and the messages between agent, proxy and control plane.

The wire is additive: a field is added as optional and never changes its meaning; both sides ignore
unknown fields. States are not on the wire: agents report facts, the control plane reads them.

This package imports no message module, so that ``chalicelib.wire.labels`` stays free of pydantic.
"""

PROTOCOL = 1
"""Version of the agent's protocol. The control plane refuses a later one: it is upgraded first."""

VERSION = "0.1.0"
"""Of Berth's programs, and so of their images and of the chart that installs them."""
