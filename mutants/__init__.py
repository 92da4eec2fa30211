"""Breakages with a meaning, each applied to a copy of the tree and then looked for.

A test suite that finds no planted fault proves little. The table says what each breakage means, so
that one that nobody finds names the test or the invariant that is missing.
"""
