"""Which event is meant: an id, its beginning, `last`, or how many back."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import click

from change_events.errors import TfeventError
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from change_events.journal import Journal, Record

_COUNTED_BACK = lazy_pattern(r"-([1-9]\d*)")


class CountingBack(click.Command):
    """Takes ``-1`` for an event, not for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hide ``-N`` from click's option parser, unless it is the value of an option."""
        valued = {name for one in self.params if isinstance(one, click.Option) and not one.is_flag for name in one.opts}
        hidden = [
            _COUNTED_BACK.sub(r"last-\1", word) if before not in valued and _COUNTED_BACK.fullmatch(word) else word
            for before, word in zip(["", *args], args, strict=False)
        ]
        return super().parse_args(ctx, hidden)


def find(journal: Journal, wanted: str) -> Record:
    """The event that ``wanted`` means. Raises TfeventError where there is none."""
    back = 1 if wanted == "last" else int(wanted[5:]) if re.fullmatch(r"last-\d+", wanted) else 0
    record = _nth_newest(journal, back) if back else journal.get(wanted)
    if record is None and not wanted.strip():
        raise TfeventError("the event ID is empty: `tfevent events list` lists the journal's events")
    if record is None:
        which = "that many events" if back else f"an event with an ID that starts with {wanted!r}"
        raise TfeventError(f"the journal does not contain {which}: `tfevent events list` lists its events")
    return record


def _nth_newest(journal: Journal, number: int) -> Record | None:
    from change_events.journal import Query

    return next(itertools.islice(journal.list(Query(limit=number)), number - 1, None), None)
