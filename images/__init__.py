"""Berth's container images, built from packages without a container engine or an image registry.

``python -m images build NAME`` is the one door. Each image is a stack of layer tars (`images.layers`)
that `images.archive` writes as a docker archive, the format that ``ctr images import`` and ``docker load`` take.
"""
