"""``why``: the last changes of a resource, an attribute or a host."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from change_events.history.subject import nothing_known
from change_events.mcp.answers import MOST, Found, under_way
from change_events.mcp.arguments import moment
from change_events.mcp.bounds import bounded, page
from change_events.query.answers import why as history_of

if TYPE_CHECKING:
    from change_events.history.source import Source
    from change_events.mcp.arguments import WhyArguments
    from change_events.settings import Settings

_HEAD = 6_000
_EACH = 8_000
_ROOM = 1_500
_MICROSECOND = timedelta(microseconds=1)


def why(source: Source, settings: Settings, arguments: WhyArguments) -> Found:  # noqa: ARG001 - as of all tools
    """Return the last changes of the subject. Raises TfeventError with near matches for an unknown name."""
    since, until = moment("since", arguments.since), moment("until", arguments.until)
    known = source.known()
    older = () if known.complete else ("older events are not indexed yet: `tfevent events why` on the machine does so",)
    if known.since is None:
        return Found(None, (nothing_known(source), *older))
    last = until - _MICROSECOND if until else None
    found = history_of(source, arguments.subject, since=since, until=last, limit=arguments.limit + 1)
    head = bounded(msgspec.structs.replace(found, entries=()), _HEAD)
    shown = page(found.entries[: arguments.limit], MOST - _ROOM - head.size, _EACH)
    notes = [*older, *head.left_out, *(f"of entries, {words}" for words in shown.left_out)]
    if head.left_out or shown.left_out:
        notes.append(
            "`show_change` has more of an event; an attribute behind the address (ADDRESS.ATTRIBUTE) asks for less"
        )
    following = None
    if len(found.entries) > len(shown.items):
        following = {"until": shown.items[-1]["started_at"]}
        notes.append("there are older changes: `next` has the argument for them")
    return Found({**head.value, "entries": shown.items}, (*notes, *under_way(found.entries)), following)
