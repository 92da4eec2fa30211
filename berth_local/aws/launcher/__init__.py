"""MiniStack with what it leaves out, in the emulator's own environment: `python -m berth_local.aws.launcher`.

Nothing of ours but this package is imported here, and nothing else of ours imports MiniStack.
"""
