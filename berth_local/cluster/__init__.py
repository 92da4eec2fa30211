"""A real one-node Kubernetes on this machine, from pinned Go modules and Debian packages.

    from berth_local.cluster.cluster import Cluster

    with Cluster("trial", images=[archive]) as cluster:
        cluster.kubectl("get", "pods", "-A")

How it is made is told in `docs/explanation/test-cluster.md`. Nothing is imported here: the programs that run inside the
cluster are modules of this package, and start in a third of the time without the rest of it.
"""
