"""Commands that take an event as ``-2`` or as an ID; :mod:`change_events.query.event_ref` finds it."""

from __future__ import annotations

import click

from change_events.text.lazy_pattern import lazy_pattern

_COUNTED_BACK = lazy_pattern(r"-([1-9]\d*)")


class CountingBack(click.Command):
    """A command that takes ``-1`` as an event, not as an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hide ``-N`` from click's option parser, unless it is the value of an option."""
        valued = {name for one in self.params if isinstance(one, click.Option) and not one.is_flag for name in one.opts}
        hidden = [
            _COUNTED_BACK.sub(r"last-\1", word) if before not in valued and _COUNTED_BACK.fullmatch(word) else word
            for before, word in zip(["", *args], args, strict=False)
        ]
        return super().parse_args(ctx, hidden)
