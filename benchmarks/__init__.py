"""The published figures, measured side by side: ``python -m benchmarks``.

Every figure stands beside a peer or a physical limit that was measured in the same run, so that a
slow machine slows both. Figures are read, never asserted: a test of time fails for others' load.
"""
