"""The rules of Berth, pure: states, decisions, manifests.

Standard library and ``chalicelib.wire.labels`` only; frozen, slotted dataclasses and functions.
No clock, no randomness, no input or output; what is refused is raised as ``domain.errors``.
"""
