"""Jira issues in an event's commits, branch, links and sender's texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.destinations.shared import mapping
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from change_events.model import ChangeEvent

MOST = 500
# A project's key is two capital letters or more, with digits from the second sign on, by default.
_KEY = lazy_pattern(r"(?<![A-Za-z0-9_-])(?P<project>[A-Z][A-Z0-9_]{1,31})-(?P<number>[1-9]\d{0,9})(?![A-Za-z0-9_]|-\d)")
# What looks like a key and is a standard, an encoding or a vulnerability.
_STANDARDS = frozenset(
    (
        *("AES", "ASCII", "BASE", "CIS", "CVE", "CWE", "ECMA", "EDDSA", "FIPS", "GPT", "HTTP", "IEC", "IEEE", "IPV"),
        *("ISO", "LATIN", "MD", "NIST", "PCI", "PEP", "RC", "RFC", "RSA", "SHA", "SOC", "SSL", "TLS", "UCS", "UTF"),
        "WCAG",
    )
)


def issue_keys(event: ChangeEvent, projects: str = "") -> list[str]:
    """Return distinct keys such as ``OPS-7``, in order of appearance.

    Args:
        event: what to look through.
        projects: keys of the projects whose issues are meant, between commas or blanks; without any, all but those
            names that are known as standards (``UTF-8``).
    """
    wanted = {name.upper() for name in projects.replace(",", " ").split()}
    found: dict[str, None] = {}
    for text in _texts(event):
        for match in _KEY.finditer(text):
            project = match["project"]
            if project in wanted if wanted else project not in _STANDARDS:
                found[match[0]] = None
    return list(found)[:MOST]


def _texts(event: ChangeEvent) -> Iterator[str]:
    vcs = event.vcs
    if vcs:
        yield vcs.subject or ""
        yield vcs.branch or ""
        for commit in vcs.commits:
            yield commit.subject or ""
    for link in mapping.links(event):
        yield link.title
        yield link.url
    if event.explicit:
        yield event.title
        yield mapping.own_message(event)
