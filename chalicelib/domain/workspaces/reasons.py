"""Reasons that the control plane itself gives; those of a cluster are read by its target."""

from chalicelib.domain.workspaces.workspace import Reason

LOST = Reason(
    code="Lost",
    message="The cluster has nothing of this workspace any more.",
    hint="Berth sends it again. What was on its volume is gone if the volume was deleted.",
)

TERMINATED_BY_OTHERS = Reason(
    code="TerminatedByOthers",
    message="The cluster says that this workspace was terminated, which nobody asked for.",
    hint="Berth goes on sending it. Ask who runs the cluster; if it is not needed, terminate it.",
)

WITHHELD = Reason(
    code="GoneSinceBackup",
    message="Berth was restored from a backup, and the cluster has nothing of this workspace.",
    hint="Terminate it if that was done since the backup. Start it to make it anew, without its files.",
    retrying=False,
)

AHEAD = Reason(
    code="Ahead",
    message="The cluster carries a later change of this workspace than the control plane knows.",
    hint="Was the control plane's store restored from a backup? Ask who runs Berth.",
    retrying=False,
)
