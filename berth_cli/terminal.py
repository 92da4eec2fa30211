"""What may go to a terminal."""


def safe(text: str) -> str:
    """Return the text as one line without control characters: a message must not steer a terminal."""
    line = " ".join(text.splitlines())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
