"""One run, or one explicit event: figures, circumstances, and the whole of it."""

from datetime import datetime
from typing import Any

import msgspec

from change_events.model.backfilled import Backfilled
from change_events.model.base import Struct
from change_events.model.causes import Inputs, SharedCause
from change_events.model.changes import Change, CheckResult, Drift, OutputChange
from change_events.model.enums import ChangeOutcome, Kind, Outcome, Phase, Severity
from change_events.model.stacks import Stacks
from change_events.model.tasks import HostCounts, HostRun, Playbook, TaskCounts

SCHEMA_VERSION = "1.0"


class Failure(Struct, frozen=True):
    """One error of the run."""

    summary: str
    detail: str | None = None
    address: str | None = None
    file: str | None = None
    line: int | None = None


class Signal(Struct, frozen=True):
    """A risk signal: a notable fact derived from the changes, with its reason.

    ``outcome`` is the outcome of the change concerned: planned, applied, failed or unknown; None if there is none.
    ``events`` are the IDs of earlier events that it is based on, newest first.
    An event is at least as severe as each of its signals.
    """

    name: str
    reason: str
    address: str | None = None
    outcome: ChangeOutcome | None = None
    events: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING


class Counts(Struct, frozen=True):
    """Planned changes by action.

    Replacements count once, as ``replace``; ``import`` and ``move`` count in addition to other actions on the same
    resource, as in Terraform. ``deferred`` counts changes deferred by an incomplete plan, not counted elsewhere.
    ``drift_not_shown`` counts drift that is not listed because the plan does not depend on it.
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
    drift_not_shown: int = 0
    invoke: int = 0
    change: int = 0
    other: int = 0
    outputs: int = 0
    deferred: int = 0


class OutcomeCounts(Struct, frozen=True):
    """Planned changes by outcome."""

    applied: int = 0
    failed: int = 0
    not_attempted: int = 0
    unknown: int = 0


class StateCounts(Struct, frozen=True):
    """Entries of the state that a state command changed; none of the resources was changed.

    ``changed`` counts entries that were rewritten: other attributes, another object, a deposed object.
    """

    removed: int = 0
    added: int = 0
    imported: int = 0
    moved: int = 0
    tainted: int = 0
    untainted: int = 0
    provider: int = 0
    changed: int = 0


class Summary(Struct, frozen=True):
    """Counts of the whole run, not subject to size limits.

    ``counts`` are the planned changes, ``applied`` those that were made (None if none were, or not yet). ``hosts``,
    ``tasks`` and ``by_group`` (inventory groups) are those of a playbook run; its changed tasks are ``counts.change``.
    ``hosts_changed`` counts the changed hosts, those that failed later among them; absent, it is ``hosts.changed``.
    ``state`` counts the edits of a state command, which are not in ``counts``.
    """

    counts: Counts = Counts()
    applied: Counts | None = None
    outcomes: OutcomeCounts = OutcomeCounts()
    by_type: dict[str, int] = {}
    by_module: dict[str, int] = {}
    hosts: HostCounts | None = None
    hosts_changed: int | None = None
    tasks: TaskCounts | None = None
    by_group: dict[str, HostCounts] = {}
    state: StateCounts | None = None

    @property
    def all_hosts_changed(self) -> int:
        """How many hosts were changed, those that failed later among them."""
        if self.hosts_changed is not None:
            return self.hosts_changed
        return self.hosts.changed if self.hosts else 0


class Tool(Struct, frozen=True):
    """The tool that was run; ``command`` is its redacted command line.

    ``plan`` is the SHA-256 of the plan file that the run saved or applied, where that is the user's own: it joins both.
    """

    name: str
    version: str | None = None
    tfevent: str | None = None
    command: str | None = None
    exit_code: int | None = None
    workspace: str | None = None
    directory: str | None = None
    backend: str | None = None
    plan: str | None = None


class Ci(Struct, frozen=True):
    """The CI system a run belongs to.

    ``run_id`` and ``attempt`` are the system's own; ``pull_request`` is a number or an address, as the system says it,
    ``pull_request_url`` its page where the forge is known.
    """

    system: str
    run_url: str | None = None
    job: str | None = None
    pull_request: str | None = None
    actor: str | None = None
    run_id: str | None = None
    attempt: str | None = None
    pull_request_url: str | None = None


class Actor(Struct, frozen=True):
    """User, host and CI system of the run."""

    user: str | None = None
    host: str | None = None
    ci: Ci | None = None


class Commit(Struct, frozen=True):
    """A commit of a deployment."""

    id: str
    subject: str | None = None
    author: str | None = None


class Vcs(Struct, frozen=True):
    """The commit a run was made from.

    ``repository`` is its owner and name, the same however it was cloned; ``remote`` is the address that git has,
    without credentials, ``url`` the repository's page and ``commit_url`` that of the commit, where these are known.
    ``previous`` is the commit that was in place before; ``commits`` are those since then, newest first,
    ``commits_omitted`` how many more there are, ``commits_unknown`` why they are not known. ``published`` says whether
    the commit is on a branch of a remote, as far as this clone knows; None where it cannot know.
    """

    repository: str | None = None
    branch: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    subject: str | None = None
    author: str | None = None
    path: str | None = None
    previous: str | None = None
    commits: tuple[Commit, ...] = ()
    commits_omitted: int = 0
    remote: str | None = None
    url: str | None = None
    commit_url: str | None = None
    commits_unknown: str | None = None
    published: bool | None = None


class Trace(Struct, frozen=True):
    """IDs that link the run to its parent and children (W3C Trace Context).

    ``unit`` says that the parent is a run of many stacks (``tfevent events run --stacks``).
    """

    run_id: str
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    parent_run_id: str | None = None
    unit: bool = False


class Cloud(Struct, frozen=True):
    """Where in a cloud the changed resources are: ``name`` is ``aws``, ``google`` or ``azure``.

    ``accounts`` are AWS account ids, Google project ids or Azure subscription ids, ``regions`` regions or locations;
    of each at most 20, those of most changes first. They are not paired. Uncertain values are left out.
    """

    name: str
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class Link(Struct, frozen=True):
    """A related link."""

    title: str
    url: str


class StateEdit(Struct, frozen=True):
    """How a command changed a state without a plan: a new serial is a new version, another lineage another state.

    ``command`` is the subcommand (``state rm``, ``workspace new``), ``workspace`` the one it created or deleted,
    ``lock`` the ID of the lock that it removed; ``forced`` that ``-force`` was given. ``note`` says what could not be
    compared, and why, and that another command may have made the edits.
    """

    command: str
    serial: int | None = None
    previous_serial: int | None = None
    lineage: str | None = None
    previous_lineage: str | None = None
    workspace: str | None = None
    lock: str | None = None
    forced: bool = False
    note: str | None = None


class Related(Struct, frozen=True):
    """A related event: ``relation`` is ``sent`` (from within this run) or ``settles``."""

    id: str
    relation: str
    title: str | None = None


class Truncated(Struct, frozen=True):
    """Details omitted from this event, with counts."""

    changes: int = 0
    attributes: int = 0
    failures: int = 0
    hosts: int = 0
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
    version: str | None = None
    tags: dict[str, str] = {}
    dedup_key: str | None = None
    tool: Tool | None = None
    actor: Actor | None = None
    clouds: tuple[Cloud, ...] = ()
    vcs: Vcs | None = None
    trace: Trace | None = None
    summary: Summary = Summary()
    playbook: Playbook | None = None
    changes: tuple[Change, ...] = ()
    hosts: tuple[HostRun, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    drift: tuple[Drift, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    failures: tuple[Failure, ...] = ()
    signals: tuple[Signal, ...] = ()
    causes: tuple[SharedCause, ...] = ()
    inputs: Inputs | None = None
    state: StateEdit | None = None
    backfilled: Backfilled | None = None
    stacks: Stacks | None = None
    links: tuple[Link, ...] = ()
    related: tuple[Related, ...] = ()
    data: dict[str, Any] = {}
    truncated: Truncated | None = None
    explicit: bool = False  # sent on purpose: title and message are the sender's own
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
        errored: planning failed; ``changes`` is the incomplete result and never means "no changes".
        complete: False where terraform says that the plan is partial (-target, deferrals, errors).
        applyable: terraform's own verdict; None where the version has none.
        name: the file it was read from, where a reader has several before them.
        from_states: it is the difference of two states: its changes have happened.
        state: of two states between which anything may have been done, their versions and what they do not show.
        edited: the figures of those two; ``counts`` has their outputs only.
    """

    changes: tuple[Change, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    drift: tuple[Drift, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    counts: Counts = Counts()
    by_type: dict[str, int] = {}
    by_module: dict[str, int] = {}
    clouds: tuple[Cloud, ...] = ()
    tool_name: str = "terraform"
    tool_version: str | None = None
    format_version: str | None = None
    errored: bool = False
    complete: bool | None = None
    applyable: bool | None = None
    name: str | None = None
    from_states: bool = False
    state: StateEdit | None = None
    edited: StateCounts | None = None
