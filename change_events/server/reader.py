"""The teams of a reader, as named by a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import category

from change_events.errors import TfeventError
from change_events.text.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from change_events.server.policy import Policy

_SHOWN = 10  # groups
_NAME = 60  # characters


class NoTeamError(TfeventError):
    """None of a reader's groups is a team with events in the ledger; the text names the groups."""

    def __init__(self, groups: Collection[str]) -> None:
        shown = [one_line(group.replace("`", "'"), _NAME) for group in sorted(groups)[:_SHOWN]]
        more = f" and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
        super().__init__(
            f"The proxy names these groups of yours: {', '.join(shown)}{more}. A group shows the events of the team "
            "that has the same name in the ledger."
        )


def teams_of(headers: Iterable[tuple[bytes, bytes]], policy: Policy) -> frozenset[str] | None:
    """Return the reader's teams, i.e. the groups named by the proxy; None if no header is configured.

    Args:
        headers: headers of the request, which the guard has accepted as the proxy's.
        policy: has the name of the header. Groups are separated by commas. A name is the text between these, without
            surrounding spaces and tabs; other white space is part of the name.
    """
    if policy.group_header is None:
        return None
    given = [value for name, value in headers if name == policy.group_header]
    if len(given) != 1 or has_controls(given[0]):  # of two headers, one may be the client's own
        return frozenset()
    groups = (group.strip(" \t") for group in given[0].decode("utf-8", "replace").split(","))
    return frozenset(group for group in groups if group)


def has_controls(value: bytes) -> bool:
    """Return whether the value of a header has control characters, which are invalid in a group's name."""
    return any(category(one) == "Cc" for one in value.decode("utf-8", "replace").replace("\t", ""))
