"""Reads one file of a git repository over HTTPS, from the hosts that an organisation allows and from no other.

docs/decisions/0010-devfile-from-repository.md says why there is no git program and no library here.
"""

from chalicelib.adapters.repositories.reader import GitRepositoryReader

__all__ = ["GitRepositoryReader"]
