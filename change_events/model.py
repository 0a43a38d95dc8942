"""The change event: what one run planned, what really happened, who did it, and how it ended.

The published JSON Schema (``change_events/schema/change-event.schema.json``) is generated from these structs.
Every string in an event has been redacted before it was put here, and only :func:`change_events.redact.seal`
turns an event into the :class:`SealedEvent` that a journal or a destination accepts.

Times are timezone-aware UTC datetimes; durations are seconds.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum
from typing import Any

import msgspec

SCHEMA_VERSION = "1.0"


class Kind(StrEnum):
    """What sort of thing happened."""

    INFRASTRUCTURE = "infrastructure"
    DEPLOYMENT = "deployment"
    BUILD = "build"
    BOOT = "boot"
    START = "start"
    STOP = "stop"
    CUSTOM = "custom"


class Phase(StrEnum):
    """Whether the event tells an intention or a fact."""

    PLANNED = "planned"
    APPLIED = "applied"
    CHECKED = "checked"


class Outcome(StrEnum):
    """How a run ended. ``None`` in the event means that it is still running."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    NO_CHANGE = "no_change"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How loudly a person should be told."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Action(StrEnum):
    """What is done to one resource. ``OTHER`` keeps the words of a version we do not know in ``raw_actions``."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DESTROY = "destroy"
    READ = "read"
    FORGET = "forget"
    MOVE = "move"
    IMPORT = "import"
    NO_OP = "no_op"
    INVOKE = "invoke"
    OTHER = "other"


class ChangeOutcome(StrEnum):
    """What became of one planned change."""

    PLANNED = "planned"
    APPLIED = "applied"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    UNKNOWN = "unknown"


class ValueKind(StrEnum):
    """How a value may be shown."""

    VALUE = "value"  # `text` is the redacted JSON lexeme, numbers exact
    ABSENT = "absent"  # not set, or null
    UNKNOWN = "unknown"  # known after apply
    SENSITIVE = "sensitive"  # never shown; `fingerprint` tells whether it rotated
    LARGE = "large"  # long or multi-line: `size` in bytes and `fingerprint` only
    HIDDEN = "hidden"  # left out because the settings say so


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the model: immutable, by keyword, defaults left out of the JSON."""


class Value(Struct, frozen=True):
    """One side of an attribute change."""

    kind: ValueKind
    text: str | None = None
    size: int | None = None
    fingerprint: str | None = None


class AttributeChange(Struct, frozen=True):
    """One attribute that differs: ``path`` in HCL notation (``ingress[0].cidr_blocks``)."""

    path: str
    before: Value
    after: Value
    forces_replacement: bool = False
    note: str | None = None  # e.g. "only the sensitivity mark changes", "2 elements added, 1 removed"


class Source(Struct, frozen=True):
    """Where a resource is declared, and the commit that last touched it."""

    file: str
    line: int | None = None
    commit: str | None = None


class Change(Struct, frozen=True):
    """What was planned for one resource (or deposed object, or action invocation) and what became of it.

    ``address`` with ``deposed`` is unique within an event. A replacement is one change.
    """

    address: str
    action: Action
    outcome: ChangeOutcome = ChangeOutcome.PLANNED
    type: str | None = None
    name: str | None = None
    module: str | None = None
    mode: str = "managed"
    provider: str | None = None
    deposed: str | None = None
    raw_actions: tuple[str, ...] = ()
    create_before_destroy: bool = False
    reason: str | None = None  # terraform's own word, e.g. replace_because_tainted
    replace_paths: tuple[str, ...] = ()
    previous_address: str | None = None  # moved, next to whatever else happens to it
    import_id: str | None = None  # importing, next to whatever else happens to it
    importing: bool = False
    deferred: str | None = None  # reason of a deferred change
    attributes: tuple[AttributeChange, ...] = ()
    attributes_omitted: int = 0
    id: str | None = None
    duration: float | None = None
    error: str | None = None
    source: Source | None = None
    attributes_compared: bool = True  # False: one of too many changes, listed and counted without its attributes


class OutputChange(Struct, frozen=True):
    """A root module output that differs."""

    name: str
    action: Action
    before: Value
    after: Value


class Drift(Struct, frozen=True):
    """A resource that was changed outside of the tool: ``action`` is update or destroy."""

    address: str
    action: Action
    attributes: tuple[AttributeChange, ...] = ()
    attributes_omitted: int = 0


class CheckResult(Struct, frozen=True):
    """A check, precondition or postcondition that did not pass: status ``fail``, ``error`` or ``unknown``."""

    address: str
    status: str
    problems: tuple[str, ...] = ()


class Failure(Struct, frozen=True):
    """One error of the run."""

    summary: str
    detail: str | None = None
    address: str | None = None
    file: str | None = None
    line: int | None = None


class Signal(Struct, frozen=True):
    """A fact worth an eye, with its reason."""

    name: str
    reason: str
    address: str | None = None


class Counts(Struct, frozen=True):
    """Planned changes by action.

    Replacements count once, as ``replace``; ``import`` and ``move`` count beside whatever else happens to the same
    resource, as terraform counts them. ``deferred`` is what a partial plan puts off, counted nowhere else.
    """

    create: int = 0
    update: int = 0
    replace: int = 0
    destroy: int = 0
    import_: int = msgspec.field(default=0, name="import")
    move: int = 0
    forget: int = 0
    read: int = 0
    no_op: int = 0
    drift: int = 0
    invoke: int = 0
    other: int = 0
    outputs: int = 0
    deferred: int = 0


class OutcomeCounts(Struct, frozen=True):
    """Planned changes by what became of them."""

    applied: int = 0
    failed: int = 0
    not_attempted: int = 0
    unknown: int = 0


class Summary(Struct, frozen=True):
    """Figures of the whole run, not cut by any size limit.

    ``counts`` is what was planned, ``applied`` what was really done (None where nothing was, or not yet).
    """

    counts: Counts = Counts()
    applied: Counts | None = None
    outcomes: OutcomeCounts = OutcomeCounts()
    by_type: dict[str, int] = {}
    by_module: dict[str, int] = {}


class Tool(Struct, frozen=True):
    """The tool that was run; ``command`` is its redacted command line."""

    name: str
    version: str | None = None
    tfevent: str | None = None
    command: str | None = None
    exit_code: int | None = None
    workspace: str | None = None
    directory: str | None = None
    backend: str | None = None


class Ci(Struct, frozen=True):
    """The CI system a run belongs to."""

    system: str
    run_url: str | None = None
    job: str | None = None
    pull_request: str | None = None
    actor: str | None = None


class Actor(Struct, frozen=True):
    """Who did it, and from where."""

    user: str | None = None
    host: str | None = None
    ci: Ci | None = None


class Vcs(Struct, frozen=True):
    """The commit a run was made from; ``repository`` carries no credentials."""

    repository: str | None = None
    branch: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    subject: str | None = None
    author: str | None = None
    path: str | None = None


class Trace(Struct, frozen=True):
    """Links to what started this run and to what it started (W3C trace context)."""

    run_id: str
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    parent_run_id: str | None = None


class Link(Struct, frozen=True):
    """A page a reader may want to open."""

    title: str
    url: str


class Truncated(Struct, frozen=True):
    """What was left out of this event, and how much."""

    changes: int = 0
    attributes: int = 0
    failures: int = 0
    message_bytes: int = 0
    note: str | None = None


class ChangeEvent(Struct, frozen=True):
    """One run, or one explicit event."""

    id: str
    kind: Kind
    phase: Phase
    started_at: datetime
    title: str
    schema_version: str = SCHEMA_VERSION
    outcome: Outcome | None = None
    ended_at: datetime | None = None
    message: str = ""
    severity: Severity = Severity.INFO
    environment: str | None = None
    service: str | None = None
    tags: dict[str, str] = {}
    tool: Tool | None = None
    actor: Actor | None = None
    vcs: Vcs | None = None
    trace: Trace | None = None
    summary: Summary = Summary()
    changes: tuple[Change, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    drift: tuple[Drift, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    failures: tuple[Failure, ...] = ()
    signals: tuple[Signal, ...] = ()
    links: tuple[Link, ...] = ()
    data: dict[str, Any] = {}
    truncated: Truncated | None = None
    partial: bool = False  # terraform says the plan is partial: -target, deferrals or errors


class SealedEvent(msgspec.Struct, frozen=True):
    """An event after the last pass: the only thing a journal or a destination accepts.

    Made by :func:`change_events.redact.seal` and by reading it back from a journal, nowhere else (a test holds it).

    Attributes:
        event: the event, decoded from ``body``.
        body: its UTF-8 JSON, in which no known secret occurs.
    """

    event: ChangeEvent
    body: bytes


class Plan(Struct, frozen=True):
    """A plan (or the difference of two states) as changes, already redacted.

    Attributes:
        changes: everything planned but plain no-ops (no-ops that move or import are listed).
        counts: figures of all of it, no-ops included.
        errored: planning failed; ``changes`` is what was known by then and never means "no changes".
        complete: False where terraform says that the plan is partial (-target, deferrals, errors).
        applyable: terraform's own verdict; None where the version has none.
        name: the file it was read from, where a reader has several before them.
        from_states: it is the difference of two states: its changes have happened.
    """

    changes: tuple[Change, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    drift: tuple[Drift, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    counts: Counts = Counts()
    by_type: dict[str, int] = {}
    by_module: dict[str, int] = {}
    tool_name: str = "terraform"
    tool_version: str | None = None
    format_version: str | None = None
    errored: bool = False
    complete: bool | None = None
    applyable: bool | None = None
    name: str | None = None
    from_states: bool = False
