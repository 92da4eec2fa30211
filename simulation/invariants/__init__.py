"""What must always hold, watched from outside: the code under test knows nothing of it.

The numbers are those of docs/reference/simulation.md.
"""
