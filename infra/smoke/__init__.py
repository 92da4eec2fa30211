"""Looks at a deployed stage for what no test without an account can show.

    python -m infra.smoke dev [--drill]

The list is that of docs/explanation/deployment.md: each of its rows has a check here, or a step by hand.
"""
