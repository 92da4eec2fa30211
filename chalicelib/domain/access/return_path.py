"""Where a browser may be sent after sign-in: a path of our own, never an address."""

LONGEST = 2048


def is_return_path(text: str) -> bool:
    """Whether the text is a path (with query) that no browser reads as another site.

    It starts with exactly one slash; browsers take a backslash for a slash and drop tabs and line
    ends, so neither may occur anywhere (WHATWG URL 4.4).
    """
    return (
        0 < len(text) <= LONGEST
        and text.isascii()
        and text.isprintable()
        and " " not in text
        and "\\" not in text
        and text[0] == "/"
        and text[1:2] != "/"
    )
