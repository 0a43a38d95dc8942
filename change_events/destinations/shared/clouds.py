"""Accounts and regions of an event's changes, in the forms of backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from change_events.model import ChangeEvent

MOST_PLACES = 5  # accounts or regions sent as tags


def accounts(event: ChangeEvent) -> list[str]:
    """Return AWS accounts, Google projects and Azure subscriptions of the changed resources."""
    return [account for cloud in event.clouds for account in cloud.accounts]


def regions(event: ChangeEvent) -> list[str]:
    """Return regions and locations of the changed resources."""
    return [region for cloud in event.clouds for region in cloud.regions]


def place_tags(event: ChangeEvent) -> list[tuple[str, str]]:
    """Return ``account`` and ``region`` tags, at most :data:`MOST_PLACES` of each."""
    found = {"account": accounts(event), "region": regions(event)}
    return [(name, place) for name, places in found.items() for place in places[:MOST_PLACES]]


def place_details(event: ChangeEvent) -> dict[str, str]:
    """Return ``account`` and ``region`` as one text each, empty if unknown."""
    return {"account": ", ".join(accounts(event)), "region": ", ".join(regions(event))}


def only_cloud(event: ChangeEvent) -> tuple[str, str | None, str | None]:
    """Return the cloud, its account and its region, each only if unique; the name is empty if there is none."""
    names = {cloud.name for cloud in event.clouds}
    if len(names) != 1:
        return "", None, None
    return names.pop(), _only(accounts(event)), _only(regions(event))


def _only(found: list[str]) -> str | None:
    return found[0] if len(found) == 1 else None
