"""The program in a customer's cluster: reports facts to the control plane and applies its orders.

A functional core (``core.py`` and what it is made of: ``view``, ``report``, ``troubles``,
``steadiness``, ``ledger``, ``pacing``, ``worklist``, ``conversation``) takes events and returns
commands, without clock, randomness, thread or socket. A thin shell (``shell.py``) carries them out
with ``applier``, ``terminator`` and ``client``.
"""
