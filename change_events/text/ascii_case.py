"""Lower case that keeps the place of each character."""


def ascii_lower(text: str) -> str:
    """Return a text with its ASCII letters in lower case; all others stay, so that no text gets longer or shorter."""
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
