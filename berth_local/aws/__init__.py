"""AWS on this machine, as far as `chalice deploy` and what it deploys can tell.

MiniStack answers the API; what it leaves out is in `launcher`, which runs inside the emulator's own environment and sees nothing
of ours. What is emulated and what is not is told in `docs/reference/emulated-aws.md`.
"""
