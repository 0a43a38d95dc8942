"""The hosts of an event, limited in number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.model import ChangeEvent

MOST_HOSTS = 20  # in tags and fields


def changed_hosts(event: ChangeEvent) -> list[str]:
    """Return the changed hosts of a playbook run or explicit event; none for a check."""
    if event.phase is not Phase.APPLIED:
        return []
    return list(dict.fromkeys(host.name for host in event.hosts if host.changed or host.status == "changed"))


def listed_hosts(names: Sequence[str]) -> str:
    """Return names in one text; of many, the first ones and the number of others."""
    more = len(names) - MOST_HOSTS
    return ", ".join(names[:MOST_HOSTS]) + (f" and {more} more" if more > 0 else "")
