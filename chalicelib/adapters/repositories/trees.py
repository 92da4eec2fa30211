"""Git's tree objects (gitformat-pack, git-ls-tree): names with modes and ids."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.adapters.repositories.packets import MalformedAnswer

_FOLDER = b"40000"
_FILES = (b"100644", b"100755")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree. Links and submodules are neither file nor folder."""

    mode: bytes
    id: str

    @property
    def is_folder(self) -> bool:
        return self.mode == _FOLDER

    @property
    def is_file(self) -> bool:
        return self.mode in _FILES


def entries(tree: bytes, id_length: int) -> Mapping[str, Entry]:
    """The entries of a tree by name; ``id_length`` in bytes. Raises MalformedAnswer."""
    found: dict[str, Entry] = {}
    position = 0
    while position < len(tree):
        end = tree.find(b"\0", position)
        mode, separator, name = tree[position:end].partition(b" ")
        position = end + 1 + id_length
        if end < 0 or not separator or position > len(tree):
            raise MalformedAnswer("a tree is broken")
        found[name.decode("utf-8", "surrogateescape")] = Entry(mode, tree[end + 1 : position].hex())
    return found
