"""Planned changes of resources and their outcomes."""

from datetime import datetime

from change_events.model.base import Struct
from change_events.model.causes import Cause
from change_events.model.enums import Action, ChangeOutcome, DriftStatus, ValueKind
from change_events.model.tasks import TaskRun


class Value(Struct, frozen=True):
    """One side of an attribute change."""

    kind: ValueKind
    text: str | None = None
    size: int | None = None
    fingerprint: str | None = None


class AttributeChange(Struct, frozen=True):
    """One attribute that differs: ``path`` in HCL notation (``ingress[0].cidr_blocks``).

    Of a long text or block ``lines`` has those that differ, redacted and bounded: ``- `` was there, ``+ `` is there
    now, ``~ `` changed in a part that is hidden.
    """

    path: str
    before: Value
    after: Value
    forces_replacement: bool = False
    note: str | None = None  # e.g. "only the sensitivity mark changes", "2 elements added, 1 removed"
    lines: tuple[str, ...] = ()


class Risk(Struct, frozen=True):
    """A risk signal of a change's values, derived while the plan is in memory."""

    name: str
    reason: str


class Source(Struct, frozen=True):
    """Where a resource is declared, and the commit that last changed it.

    ``commit_unknown`` says why no commit is named where one was looked for: a shallow clone, an uncommitted change.
    """

    file: str
    line: int | None = None
    commit: str | None = None
    commit_unknown: str | None = None


class Change(Struct, frozen=True):
    """Planned change of a resource (or deposed object, or action invocation) and its outcome.

    ``id`` is that of the object as it is now: of what was destroyed, the last one; of what was replaced, that of the
    new object once there is one, and ``previous_id`` that of the old one. ``identity`` says what a destroyed or
    replaced object was (its name, size, addresses), and ``instances`` how many of its resource there were before.

    ``address`` with ``deposed`` is unique within an event. A replacement is one change. A task of a playbook is a
    change too, over all its hosts: ``type`` is the module's full name, ``name`` the task's, ``task`` holds the rest.
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
    previous_id: str | None = None
    identity: dict[str, str] = {}
    instances: int = 0
    risks: tuple[Risk, ...] = ()
    labels_only: bool = False  # an update of tags or labels alone
    duration: float | None = None
    error: str | None = None
    note: str | None = None  # what is known of a failure beside the tool's own error
    source: Source | None = None
    causes: tuple[Cause, ...] = ()  # most direct first; none where the change was not looked at
    task: TaskRun | None = None
    attributes_compared: bool = True  # False: one of too many changes, listed and counted without its attributes


class OutputChange(Struct, frozen=True):
    """A changed root module output."""

    name: str
    action: Action
    before: Value
    after: Value


class DriftOrigin(Struct, frozen=True):
    """A record that may explain a drift: an entry of an audit log, or an earlier event.

    ``source`` is ``cloudtrail`` or ``journal``, ``action`` the API call or the title of the event, ``event`` its ID.
    """

    source: str
    action: str
    actor: str | None = None
    at: datetime | None = None
    event: str | None = None


class Drift(Struct, frozen=True):
    """A resource that was changed outside of the tool: ``action`` is update or destroy.

    ``set_anew`` names its attributes that the plan overwrites. In the event of a drift check, ``directory`` is where it
    was found, ``status`` how it differs from the last check, and ``origins`` are records that may explain it.
    """

    address: str
    action: Action
    attributes: tuple[AttributeChange, ...] = ()
    attributes_omitted: int = 0
    set_anew: tuple[str, ...] = ()
    type: str | None = None
    directory: str | None = None
    status: DriftStatus | None = None
    origins: tuple[DriftOrigin, ...] = ()


class CheckResult(Struct, frozen=True):
    """A check, precondition or postcondition that did not pass: status ``fail``, ``error`` or ``unknown``."""

    address: str
    status: str
    problems: tuple[str, ...] = ()
