"""Text of others made harmless in Markdown."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from change_events.text.lazy_pattern import lazy_pattern

TITLE_LENGTH = 120
"""The most characters of an event's title: what can be read on a graph."""

_SPECIAL = lazy_pattern(r"([\\`*_{}\[\]()#+|~!>-])")
_TICKS = lazy_pattern(r"`+")
_IN_CODE = r"(?<![\\`])(?P<ticks>`+)(?!`)(?s:.*?)(?<!`)(?P=ticks)(?!`)"
CODE = lazy_pattern(_IN_CODE)
"""A code span or a fenced block in Markdown of ours, where a backtick of others is escaped."""
# Else the target of a link, or what GitHub, GitLab or Slack would make a link or a mention of.
_REFERENCE = lazy_pattern(
    rf"(?P<code>{_IN_CODE})|(?P<target>(?<!\\)\]\([^()\s]*\))"
    r"|(?P<mark>[@#!~$%^](?=[\w\"\\])|&(?=\w)(?!(?:amp|lt);)|(?i:\bGH\\?-(?=\d))|(?<=\w):(?=//)|(?i:\bwww(?=\.)))"
)
_SIGN = lazy_pattern(r"[@#!~$%^&]|://|(?i:www|gh)")
_SLASHES = lazy_pattern(r"(?m)^([ \t]*)(?=/)")
ZERO_WIDTH = "\u200b"
_LOOKED_AT = 4_096  # characters


def one_line(text: str, limit: int = 300) -> str:
    """``text`` on one printable line of at most ``limit`` characters."""
    seen = text[: max(_LOOKED_AT, 4 * limit)]  # a megabyte is not gone through for a line
    printable = seen if seen.isprintable() else "".join(c if c.isprintable() else " " for c in seen)
    line = " ".join(printable.split())
    return line if len(line) <= limit and len(seen) == len(text) else line[: limit - 1] + "…"


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


def without_references(markdown: str) -> str:
    """Markdown of ours, in which no text of others mentions, refers to or links to anything, where it is posted.

    GitHub and GitLab look for these after they have read the Markdown, so that escaping them does not help: a character
    without width goes between. A line that begins with a slash would be a quick action on GitLab.
    """
    separated = markdown
    if _SIGN.search(markdown):  # most parts have none
        separated = _REFERENCE.sub(lambda found: found[0] + ZERO_WIDTH if found["mark"] else found[0], markdown)
    return _SLASHES.sub(rf"\1{ZERO_WIDTH}", separated)


def page(url: str) -> str:
    """An address as the target of a link, in which nothing ends the link."""
    return quote(url, safe=":/?#@!$&*+,;=%~-._")


def clip(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8, cut between characters."""
    data = text.encode()
    return text if len(data) <= limit else data[: max(limit, 0)].decode(errors="ignore")
