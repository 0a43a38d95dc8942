"""The settings, and the table of their keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from change_events.model.retention import Retention
from change_events.paths import state_dir

if TYPE_CHECKING:
    from change_events.destinations.base import DestinationSettings
    from change_events.settings.drift_rules import IgnoreRule
    from change_events.signals.own_rules import OwnRule, OwnRules

KeyType = Literal["string", "path", "text", "file", "number", "integer", "flag", "choice", "list", "map"]


_MIB = 1024 * 1024
_KEPT = Retention()


def _journal() -> Path:
    return Path(state_dir()) / "journal.db"


class Source(msgspec.Struct, frozen=True):
    """The origin of one value.

    Attributes:
        name: the key; ``destinations.NAME.OPTION`` for a destination.
        where: file and line, or the variable.
        trust: ``environment``, ``your settings folder`` or ``working tree``.
    """

    name: str
    where: str
    trust: str


class Unrouted(msgspec.Struct, frozen=True):
    """A mistake that leaves it unknown which events a destination receives.

    Attributes:
        file: absolute path of the settings file.
        name: the destination; empty if the file could not be parsed.
        wanted: names of the destinations requested by the sender of the current event; None if conditions decide.
    """

    file: str
    name: str = ""
    wanted: tuple[str, ...] | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, checked. Its ``repr`` holds no secret: destinations hide their options' values.

    Attributes:
        budget: maximum seconds of delivery after the run.
        message_bytes: maximum size of an event's message in bytes (UTF-8).
        keep_events, keep_days, keep_mib: limits of the journal.
        outbox_events, outbox_days, outbox_mib: limits of the open deliveries to one destination.
        ignore: globs of attribute paths (``tags_all``, ``*.tags_all`` at any depth) whose changes are not reported.
        causes: find the cause of each planned change beside the run, of a playbook's tasks after it.
        signals: the user's rules, mutes and ranks; None if there are none.
        drift_ignore: rules for known drift, including expired ones.
        broken: destinations with invalid options: events wait for them until they are corrected.
        unrouted: mistakes that leave destinations of events unknown; events are routed when they are corrected.
        files: the settings files that were read, nearest first.
        sources: origin and trust of each value.
        warnings: a sentence for each setting that is valid but probably not intended.
    """

    binary: str | None = None
    journal: Path = msgspec.field(default_factory=_journal)
    environment: str | None = None
    service: str | None = None
    tags: dict[str, str] = {}
    budget: float = 3.0
    report: Literal["changed", "always", "failed"] = "changed"
    plans: Literal["journal", "send", "off"] = "journal"
    values: Literal["none", "names", "safe"] = "safe"
    redact_names: tuple[str, ...] = ()
    redact_patterns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    signals: OwnRules | None = None
    drift_ignore: tuple[IgnoreRule, ...] = ()
    title_template: str | None = None
    message_template: str | None = None
    message_bytes: int = 8000
    quiet: bool = False
    causes: bool = True
    keep_events: int = _KEPT.events
    keep_days: int = _KEPT.days
    keep_mib: int = _KEPT.bytes // _MIB
    outbox_events: int = _KEPT.owed
    outbox_days: int = _KEPT.owed_days
    outbox_mib: int = _KEPT.owed_bytes // _MIB
    destinations: tuple[DestinationSettings, ...] = ()
    broken: tuple[DestinationSettings, ...] = ()
    unrouted: tuple[Unrouted, ...] = ()
    files: tuple[Path, ...] = ()
    sources: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def own_rules(self) -> tuple[OwnRule, ...]:
        """The user's signal rules."""
        return self.signals.rules if self.signals else ()

    @property
    def names(self) -> list[str]:
        """Names of all destinations, including invalid ones."""
        known = [one.name for one in (*self.destinations, *self.broken)]
        return known + [one.name for one in self.unrouted if one.name]

    @property
    def caps(self) -> Retention:
        """Limits of the journal and its outbox."""
        return Retention(
            events=self.keep_events,
            days=self.keep_days,
            bytes=self.keep_mib * _MIB,
            owed=self.outbox_events,
            owed_days=self.outbox_days,
            owed_bytes=self.outbox_mib * _MIB,
        )


class Entry(msgspec.Struct, frozen=True):
    """A value and its place. A mapping's ``value`` is a dict of entries, a list's a list of entries.

    ``written`` is the text of a value that YAML parses as a number or a flag, and that may be meant as a text: the
    version ``1.10``, the environment ``no``.
    """

    value: Any
    where: str
    written: str = ""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: a key of ``tfevent.yaml``, its variable and its type.

    Attributes:
        name: the key; ``redact.names`` is ``names`` under ``redact``.
        field: the attribute of :class:`Settings`.
        type: ``file`` is the path of a file whose text is the value.
        placed: may hold the placeholders :data:`PLACEHOLDERS`.
        literal: not interpolated: templates and patterns use ``$`` themselves.
    """

    name: str
    field: str
    variable: str
    type: KeyType
    help: str
    choices: tuple[str, ...] = ()
    literal: bool = False
    placed: bool = False

    @property
    def typed(self) -> bool:
        """Whether its values are not texts."""
        return self.type in {"flag", "number", "integer"}


def _key(
    name: str,
    type_: KeyType,
    help_: str,
    *,
    choices: tuple[str, ...] = (),
    variable: str = "",
    field: str = "",
    placed: bool = False,
) -> Key:
    plain = name.replace(".", "_")
    literal = type_ == "text" or plain == "redact_patterns"
    return Key(
        name=name,
        field=field or plain,
        variable=variable or f"TFEVENT_{plain.upper()}",
        type=type_,
        help=help_,
        choices=choices,
        literal=literal,
        placed=placed,
    )


KEYS = (
    _key("binary", "string", "Path or name of the terraform or tofu binary.", variable="TFEVENT_TF_BINARY"),
    _key("journal", "path", "Path of the journal file."),
    _key(
        "environment",
        "string",
        "Environment of the events, e.g. prod; may contain {workspace} and {directory}.",
        placed=True,
    ),
    _key("service", "string", "Service of the events; may contain {workspace} and {directory}.", placed=True),
    _key("tags", "map", "Tags of every event; in the variable name=value, separated by commas."),
    _key("budget", "number", "Time limit for delivery after a run, in seconds."),
    _key("report", "choice", "Which runs are reported.", choices=("changed", "always", "failed")),
    _key("plans", "choice", "How events of plans and checks are handled.", choices=("journal", "send", "off")),
    _key("values", "choice", "How much of a value is shown.", choices=("none", "names", "safe")),
    _key("redact.names", "list", "Globs of additional names whose values are redacted."),
    _key("redact.patterns", "list", "Regular expressions of additional secrets."),
    _key(
        "ignore",
        "list",
        "Globs of attribute paths whose changes are ignored, with everything below. *.x matches x at any depth.",
    ),
    _key("title_template", "text", "Jinja template of the title."),
    _key("title_template_file", "file", "File with the Jinja template of the title.", field="title_template"),
    _key("message_template", "text", "Jinja template of the message."),
    _key("message_template_file", "file", "File with the Jinja template of the message.", field="message_template"),
    _key("message_bytes", "integer", "Maximum size of a message, in bytes."),
    _key("quiet", "flag", "Do not print the report line on standard error after a run."),
    _key("causes", "flag", "Look for the cause of each planned change: edited line, commit, version, drift."),
    _key("keep.events", "integer", "Maximum number of events in the journal; the oldest are removed first."),
    _key("keep.days", "integer", "Retention of events in the journal, in days."),
    _key("keep.mib", "integer", "Maximum size of the events in the journal, in MiB."),
    _key("outbox.events", "integer", "Maximum number of waiting events per destination; the oldest are dropped first."),
    _key(
        "outbox.days", "integer", "Retention of waiting events of a failing destination, and of parked events, in days."
    ),
    _key("outbox.mib", "integer", "Maximum size of waiting events per destination, in MiB."),
)
GROUP_HELP = {
    "redact": "Additional redaction rules; the built-in rules always apply.",
    "keep": "Retention of the journal.",
    "outbox": "Limits of the outbox, per destination.",
}
BY_NAME = {key.name: key for key in KEYS}
GROUPS = {
    group: tuple(key.name.split(".")[1] for key in KEYS if key.name.startswith(f"{group}.")) for group in GROUP_HELP
}
TOP_LEVEL = (*tuple(dict.fromkeys(key.name.split(".")[0] for key in KEYS)), "destinations", "drift", "signals")
