"""``show_change``: one event, with a page of its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from change_events.journal import DeliveryStatus  # noqa: TC001 - of the answer's struct
from change_events.mcp.answers import MOST, Found, under_way
from change_events.mcp.bounds import bounded, page
from change_events.model import ChangeEvent  # noqa: TC001 - of the answer's struct
from change_events.query.event_ref import find

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.mcp.arguments import ShowArguments
    from change_events.settings import Settings

_HEAD = 15_000
_EACH = 6_000
_ROOM = 1_500


class Shown(msgspec.Struct, frozen=True):
    """An event in the form of the published schema; of its ``changes``, those that were asked for.

    A ledger does not know ``deliveries``: they are null.
    """

    event: ChangeEvent
    deliveries: tuple[DeliveryStatus, ...] | None
    changes_total: int


def show_change(source: Source, settings: Settings, arguments: ShowArguments) -> Found:  # noqa: ARG001 - as of all tools
    """Return the selected event. Raises TfeventError."""
    record = find(source, arguments.id, listing="list_changes")
    event = record.event
    total = len(event.changes)
    deliveries = record.deliveries if record.kept_in == "journal" else None
    head = bounded(Shown(msgspec.structs.replace(event, changes=()), deliveries, total), _HEAD)
    first = arguments.changes_from
    shown = page(event.changes[first : first + arguments.limit], MOST - _ROOM - head.size, _EACH)
    recorded = head.value
    recorded["event"]["changes"] = shown.items
    cut = (*head.left_out, *(f"of changes, {words}" for words in shown.left_out))
    notes = [*cut, f"`tfevent events show {event.id} --json` prints the whole event"] if cut else []
    notes += [f"team {', '.join(record.teams)} recorded it so; differently: team {team}" for team in record.others]
    after = first + len(shown.items)
    following: dict[str, str | int] | None = {"changes_from": after} if after < total and shown.items else None
    if following:
        notes.append(f"changes {first + 1} to {after} of {total}: `next` has the argument for those that follow")
    elif first >= total > 0:
        notes.append(f"the event has {total} changes: `changes_from` leaves out all of them")
    return Found(recorded, (*notes, *under_way([event])), following)
