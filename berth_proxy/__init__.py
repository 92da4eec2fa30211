"""The proxy: HAProxy carries the traffic, this program decides who and where.

``hosts`` and ``routes`` are pure; ``haproxy`` speaks to the data plane, ``admissions`` to the
control plane, ``portal`` to browsers that have no session, ``discovery`` to the cluster.
No Python runs in the way of a request that has a session and a route.
"""
