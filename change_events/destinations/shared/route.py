"""What one destination is sent, and in what shape: what the settings say of it beside its options."""

from __future__ import annotations

from typing import Literal

import msgspec

from change_events.destinations.shared.conditions import When  # noqa: TC001 - msgspec reads the annotations of the structs


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What is made of a sealed event for this destination: only ever less of it, or other words for it.

    Attributes:
        values: ``names`` and ``none`` hide the values of attributes, as the setting of that name does for all.
        title_template: Jinja template of the title; None for the event's own. ``message_template`` likewise. Where
            values are hidden these are also the templates of all destinations: what those made may hold values.
        message_bytes: the most bytes of a message that is made here.
        tags: tags it gets beside its own.
        map_tags: the names that tags have there, by ours; of what all destinations get as tags (``env``) too.
        redact_names: the settings' own rules, for the last pass over what is made here; ``redact_patterns`` likewise.
    """

    values: Literal["none", "names", "safe"] = "safe"
    title_template: str | None = None
    message_template: str | None = None
    message_bytes: int = 8000
    tags: dict[str, str] = {}
    map_tags: dict[str, str] = {}
    redact_names: tuple[str, ...] = ()
    redact_patterns: tuple[str, ...] = ()


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say of one destination beside its options.

    Attributes:
        when: of several, one must hold; none is no condition.
        report: which runs it receives; None for what holds for all destinations. ``plans`` likewise.
        include_started: it also receives the start of a run.
        stacks: of a run of many stacks, whether it receives the event of the whole (``parent``), those of the units
            (``children``), both, or the whole and the units that failed (``failed``).
        shape: None where it is sent what was recorded.
    """

    when: tuple[When, ...] = ()
    report: Literal["changed", "always", "failed"] | None = None
    plans: Literal["send", "off"] | None = None
    include_started: bool = False
    stacks: Literal["failed", "parent", "children", "both"] = "failed"
    shape: Shape | None = None
