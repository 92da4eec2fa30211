"""Berth on one machine: the one-process control plane, the demo and the cluster it runs on."""
