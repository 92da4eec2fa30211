"""The command line of Berth: it speaks HTTP to the control plane."""
