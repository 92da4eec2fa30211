"""How values of a devfile stand in messages for people."""


def quoted(value: object) -> str:
    """``value`` for a message: short, on one line, printable, in backquotes."""
    text = value if isinstance(value, str) else repr(value)
    if not text.isprintable():
        text = repr(text)
    return f"`{text[:60]}…`" if len(text) > 61 else f"`{text}`"
