"""The hosts that an event is about, in bounded forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from change_events.model import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from change_events.model import ChangeEvent

MOST_HOSTS = 20  # that tags and fields name


def changed_hosts(event: ChangeEvent) -> list[str]:
    """Hosts that were changed, of a playbook run or of an explicit event; none of a run that only checked."""
    if event.phase is not Phase.APPLIED:
        return []
    return list(dict.fromkeys(host.name for host in event.hosts if host.changed or host.status == "changed"))


def listed_hosts(names: Sequence[str]) -> str:
    """Names in one text, of many the first ones and how many more there are."""
    more = len(names) - MOST_HOSTS
    return ", ".join(names[:MOST_HOSTS]) + (f" and {more} more" if more > 0 else "")
