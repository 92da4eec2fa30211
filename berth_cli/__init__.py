"""``berth``: the command line. It speaks HTTP to a control plane and imports nothing else of Berth."""
