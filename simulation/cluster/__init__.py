"""A Kubernetes cluster without a socket, a thread or a clock: API server, controllers and kubelets.

``server.ApiServer`` answers what ``berth_kube.client.Client`` asks, ``controllers.Controllers`` moves
what it stores. Everything is decided by the clock and the random numbers that are handed in. The
contract suite (``tests/simulation/cluster/test_contract.py``) holds it against a real API server.
"""
