"""Lower case that preserves character positions."""


def ascii_lower(text: str) -> str:
    """Return a text with ASCII letters in lower case; other letters stay, so that its length does not change."""
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
