"""A whole Berth in one thread, under a seed: the proof of the protocol.

The real handlers, use cases, sweep and agent run here unchanged. All that is not certain in the
world (time, chance, the store, the key service, the network, the cluster, who dies when) comes from
models that a seed steers, and everything that must always hold is checked while it runs.
"""
