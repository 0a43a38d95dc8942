"""Escapes untrusted text in Markdown."""

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
# Otherwise the target of a link, or text that GitHub, GitLab or Slack would turn into a link or mention.
_REFERENCE = lazy_pattern(
    rf"(?P<code>{_IN_CODE})|(?P<target>(?<!\\)\]\([^()\s]*\))"
    r"|(?P<mark>[@#!~$%^](?=[\w\"\\])|&(?=\w)(?!(?:amp|lt);)|(?i:\bGH\\?-(?=\d))|(?<=\w):(?=//)|(?i:\bwww(?=\.)))"
)
_SIGN = lazy_pattern(r"[@#!~$%^&]|://|(?i:www|gh)")
_SLASHES = lazy_pattern(r"(?m)^([ \t]*)(?=/)")
ZERO_WIDTH = "\u200b"
_LOOKED_AT = 4_096  # characters


def one_line(text: str, limit: int = 300) -> str:
    """Return ``text`` on one printable line of at most ``limit`` characters."""
    seen = text[: max(_LOOKED_AT, 4 * limit)]  # do not scan a megabyte for one line
    printable = seen if seen.isprintable() else "".join(c if c.isprintable() else " " for c in seen)
    line = " ".join(printable.split())
    return line if len(line) <= limit and len(seen) == len(text) else line[: limit - 1] + "…"


def code(text: str, limit: int = 300) -> str:
    """Return ``text`` as a code span, without effect of HTML or Markdown."""
    line = one_line(text, limit)
    fence = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    pad = " " if line[:1] == "`" or line[-1:] == "`" or not line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def plain(text: str, limit: int = 300) -> str:
    """Return ``text`` as prose, with Markdown and HTML characters escaped."""
    escaped = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", escaped)


def link(title: str, url: str) -> str:
    """Return a link if ``url`` is http or https; otherwise only its title."""
    try:
        good = urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        good = False
    return f"[{plain(title)}]({page(url)})" if good else plain(title)


def without_references(markdown: str) -> str:
    """Return Markdown in which untrusted texts do not mention, reference or link anything where it is posted.

    GitHub and GitLab look for references after parsing the Markdown, so escaping does not help: a zero-width character
    is inserted. A line that begins with a slash would be a quick action on GitLab.
    """
    separated = markdown
    if _SIGN.search(markdown):  # most parts have none
        separated = _REFERENCE.sub(lambda found: found[0] + ZERO_WIDTH if found["mark"] else found[0], markdown)
    return _SLASHES.sub(rf"\1{ZERO_WIDTH}", separated)


def page(url: str) -> str:
    """Return a URL as the target of a link, with characters that would end the link percent-encoded."""
    return quote(url, safe=":/?#@!$&*+,;=%~-._")


def clip(text: str, limit: int) -> str:
    """Return ``text`` in at most ``limit`` bytes of UTF-8, cut between characters."""
    data = text.encode()
    return text if len(data) <= limit else data[: max(limit, 0)].decode(errors="ignore")
