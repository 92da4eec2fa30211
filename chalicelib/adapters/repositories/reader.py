"""Files of a repository at a ref: from the address to the bytes; and what a plain address holds."""

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chalicelib.adapters.repositories.conversation import Conversation, is_id
from chalicelib.adapters.repositories.exchange import TOTAL_SECONDS, Exchange, Resolver, resolved
from chalicelib.adapters.repositories.locations import located, placed
from chalicelib.adapters.repositories.packets import MalformedAnswer, ToldByServer
from chalicelib.adapters.repositories.packs import GitObject, PackTooLarge
from chalicelib.adapters.repositories.trees import entries
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.ports.repositories import (
    OpenRepository,
    RepositoryFile,
    RepositoryFileMissing,
    RepositoryRefused,
    RepositoryUnavailable,
)

MOST_FILE_BYTES = 64 * 1024

_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+@#=,-]{0,254}\Z")
_PATH = re.compile(r"[A-Za-z0-9._+@ -]+(?:/[A-Za-z0-9._+@ -]+){0,19}\Z")
_LONGEST_PATH = 255


class GitRepositoryReader:
    """Reads from git servers over HTTPS, as anyone may: without credentials.

    ``context`` says which certificates are trusted; the default is the system's authorities.
    ``seconds`` bounds each reading as a whole.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        resolver: Resolver = resolved,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._context = context
        self._resolver = resolver
        self._seconds = seconds

    @contextmanager
    def open(
        self, *, url: str, ref: str | None, paths: Sequence[str], hosts: Sequence[GitHost]
    ) -> Iterator[OpenRepository]:
        """See ``RepositoryReader``. Contacts nobody before address, ref and paths are checked."""
        location = located(url, hosts)
        _check_ref(ref)
        for path in paths:
            _check_path(path)
        exchange = self._exchange(location.allowed)
        try:
            yield _Reading(Conversation(exchange, location.path), ref, paths)
        except MalformedAnswer as fault:
            raise RepositoryUnavailable(
                f"{location.allowed.host} did not answer as a git server: {fault}."
            ) from fault
        except PackTooLarge as fault:
            raise RepositoryRefused(
                "The repository is too large to be read from here. Give the devfile as text, or let the host allow "
                "partial clones (uploadpack.allowFilter)."
            ) from fault
        finally:
            exchange.close()

    def page(self, *, url: str, hosts: Sequence[GitHost]) -> bytes:
        """See ``RepositoryReader``. Contacts nobody before the address is checked."""
        allowed, target = placed(url, hosts)
        exchange = self._exchange(allowed)
        try:
            return exchange.get(target, {}, MOST_FILE_BYTES)
        finally:
            exchange.close()

    def _exchange(self, host: GitHost) -> Exchange:
        self._context = self._context or ssl.create_default_context()
        return Exchange(host, self._context, self._resolver, self._seconds)


class _Reading:
    """A walk from a ref to files, fetching each object when it is needed and not there yet."""

    def __init__(self, conversation: Conversation, ref: str | None, paths: Sequence[str]) -> None:
        self._conversation = conversation
        self._ref = ref
        self._objects: dict[str, GitObject] = {}
        commit = self._commit()
        try:
            self._objects |= self._conversation.commit(commit)
        except ToldByServer as fault:
            raise RepositoryRefused(f"The server does not give the commit {commit}.") from fault
        self._root = self._tree_of(commit)
        self.file = self._first_of(paths, commit)

    def beside(self, path: str) -> bytes:
        _check_path(path)
        content = self._file(self._root, path)
        if content is None:
            raise RepositoryRefused(f"There is no {path} at {self.file.commit}.")
        return content

    def _first_of(self, paths: Sequence[str], commit: str) -> RepositoryFile:
        for path in paths:
            content = self._file(self._root, path)
            if content is not None:
                return RepositoryFile(content, path, commit)
        raise RepositoryFileMissing(
            f"There is no {' or '.join(paths)} at {self._ref or 'the default branch'}."
        )

    def _commit(self) -> str:
        ref = self._ref
        names = ["HEAD"] if ref is None else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
        found = self._conversation.refs(names)
        for name in names:
            if name in found:
                return found[name]
        if ref is not None and is_id(ref, self._conversation.object_format):
            return ref
        raise RepositoryRefused(
            f"There is no branch, tag or commit {ref}." if ref else "The repository is empty."
        )

    def _tree_of(self, commit: str) -> str:
        content = self._object(commit, "commit").content
        first, _, tree = content.partition(b"\n")[0].decode("ascii", "replace").partition(" ")
        if first != "tree" or not is_id(tree, self._conversation.object_format):
            raise MalformedAnswer("a commit has no tree")
        return tree

    def _file(self, tree: str, path: str) -> bytes | None:
        """The content of the file at ``path``, None when nothing is there."""
        *folders, name = path.split("/")
        for folder in folders:
            entry = entries(self._object(tree, "tree").content, len(tree) // 2).get(folder)
            if entry is None or not entry.is_folder:
                return None
            tree = entry.id
        entry = entries(self._object(tree, "tree").content, len(tree) // 2).get(name)
        if entry is None:
            return None
        if not entry.is_file:
            raise RepositoryRefused(f"{path} is no plain file; links and folders are not followed.")
        content = self._object(entry.id, "blob").content
        if len(content) > MOST_FILE_BYTES:
            raise RepositoryRefused(f"{path} is larger than {MOST_FILE_BYTES // 1024} KiB.")
        return content

    def _object(self, identifier: str, kind: str) -> GitObject:
        if identifier not in self._objects:
            self._objects |= self._conversation.single(identifier)
        found = self._objects.get(identifier)
        if found is None or found.kind != kind:
            raise MalformedAnswer(f"a {kind} was asked for and something else was sent")
        return found


def _check_ref(ref: str | None) -> None:
    """Raise RepositoryRefused unless ``ref`` can be a branch, tag or commit (git-check-ref-format)."""
    if ref is None:
        return
    broken = any(part in ref for part in ("..", "//", "/.", "@{", ".lock/"))
    if broken or not _REF.match(ref) or ref.endswith(("/", ".", ".lock")):
        raise RepositoryRefused("The ref is not the name of a branch or tag, and not a commit.")


def _check_path(path: str) -> None:
    """Raise RepositoryRefused unless ``path`` stays within the repository."""
    parts = path.lower().split("/")
    if (
        len(path) > _LONGEST_PATH
        or not _PATH.match(path)
        or any(part in (".", "..", ".git") for part in parts)
    ):
        raise RepositoryRefused(
            "The path is not one of a file in the repository, such as .devfile.yaml."
        )
