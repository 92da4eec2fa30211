"""A whole Berth on one machine: control plane, issuer, git server, cluster, agent and proxy.

The demo shows it to a person, the journey walks through it, the benchmark measures it.
"""
