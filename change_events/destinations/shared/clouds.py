"""Where in a cloud an event's changes are, in the forms that backends take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.model import ChangeEvent

MOST_PLACES = 5  # accounts or regions that a backend gets as tags


def accounts(event: ChangeEvent) -> list[str]:
    """AWS accounts, Google projects and Azure subscriptions of the changed resources."""
    return [account for cloud in event.clouds for account in cloud.accounts]


def regions(event: ChangeEvent) -> list[str]:
    """Regions and locations of the changed resources."""
    return [region for cloud in event.clouds for region in cloud.regions]


def place_tags(event: ChangeEvent) -> list[tuple[str, str]]:
    """``account`` and ``region``, each as often as there are, up to :data:`MOST_PLACES`."""
    found = {"account": accounts(event), "region": regions(event)}
    return [(name, place) for name, places in found.items() for place in places[:MOST_PLACES]]


def place_details(event: ChangeEvent) -> dict[str, str]:
    """``account`` and ``region`` as one text each, empty where unknown."""
    return {"account": ", ".join(accounts(event)), "region": ", ".join(regions(event))}


def only_cloud(event: ChangeEvent) -> tuple[str, str | None, str | None]:
    """The cloud, its account and its region, each only where it is the only one; the name is empty without one."""
    names = {cloud.name for cloud in event.clouds}
    if len(names) != 1:
        return "", None, None
    return names.pop(), _only(accounts(event)), _only(regions(event))


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None
