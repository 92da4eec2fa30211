"""Berth's way to the Kubernetes API: client, projections, reflector, work queue, Lease elector.

The only package that imports ``kubernetes``, and of it only configuration, authentication and the
connection pool (``connection.py``). Its watch, informer and leader election failed our fault tests;
``docs/explanation/agent.md`` has the figures.
"""
