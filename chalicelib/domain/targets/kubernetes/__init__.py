"""Kubernetes as a target: one namespace, one pod and one volume for each workspace.

``freeze`` and ``render`` make the objects, one module for each kind or theme; ``observe`` reads the
facts by the table in ``reasons``. This module is the ``Target``.
"""

from chalicelib.domain.targets.kubernetes.freeze import freeze
from chalicelib.domain.targets.kubernetes.observe import observe, overdue
from chalicelib.domain.targets.kubernetes.render import render
from chalicelib.domain.targets.kubernetes.secrets import render_secrets

__all__ = ["freeze", "observe", "overdue", "render", "render_secrets"]
