"""Text of others made harmless in Markdown."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from change_events.text.lazy_pattern import lazy_pattern

TITLE_LENGTH = 120
"""The most characters of an event's title: what can be read on a graph."""

_SPECIAL = lazy_pattern(r"([\\`*_{}\[\]()#+|~!>-])")
_TICKS = lazy_pattern(r"`+")


def one_line(text: str, limit: int = 300) -> str:
    """``text`` on one printable line of at most ``limit`` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def code(text: str, limit: int = 300) -> str:
    """``text`` as a code span, in which neither HTML nor Markdown means anything."""
    line = one_line(text, limit)
    fence = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    pad = " " if line[:1] == "`" or line[-1:] == "`" or not line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def plain(text: str, limit: int = 300) -> str:
    """``text`` as prose, every sign that means something to Markdown or HTML escaped."""
    escaped = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", escaped)


def link(title: str, url: str) -> str:
    """A link, where ``url`` is of http or https; else only its title."""
    try:
        good = urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        good = False
    return f"[{plain(title)}]({page(url)})" if good else plain(title)


def page(url: str) -> str:
    """An address as the target of a link, in which nothing ends the link."""
    return quote(url, safe=":/?#@!$&*+,;=%~-._")


def clip(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8, cut between characters."""
    data = text.encode()
    return text if len(data) <= limit else data[: max(limit, 0)].decode(errors="ignore")
