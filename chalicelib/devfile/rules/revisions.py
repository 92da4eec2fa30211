"""What may be asked of git as a branch, tag or commit (git-check-ref-format, and no option)."""

import re

_CHARACTERS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+@#=,-]{0,254}\Z")


def is_revision(text: str) -> bool:
    """Whether ``text`` can be the name of a branch or tag, or a commit."""
    return (
        _CHARACTERS.match(text) is not None
        and not any(bad in text for bad in ("..", "//", "@{", "/."))
        and not text.endswith(("/", ".", ".lock"))
        and ".lock/" not in text
    )
