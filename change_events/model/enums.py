"""The closed vocabularies of an event: what a field can say."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Kind of event."""

    INFRASTRUCTURE = "infrastructure"
    DEPLOYMENT = "deployment"
    BUILD = "build"
    BOOT = "boot"
    START = "start"
    STOP = "stop"
    DRIFT = "drift"
    CUSTOM = "custom"


class Phase(StrEnum):
    """Phase of the changes: planned, applied or checked."""

    PLANNED = "planned"
    APPLIED = "applied"
    CHECKED = "checked"


class Outcome(StrEnum):
    """Outcome of a run; absent while it is in progress."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    NO_CHANGE = "no_change"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """Severity of the event."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Action(StrEnum):
    """Action on a resource. ``OTHER`` is an action unknown to this version; ``raw_actions`` has its original words.

    ``EDIT`` changes an entry of the state and not the resource: ``raw_actions`` says how (taint, untaint, provider,
    replace, attributes, deposed).
    """

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DESTROY = "destroy"
    READ = "read"
    FORGET = "forget"
    MOVE = "move"
    IMPORT = "import"
    NO_OP = "no_op"
    EDIT = "edit"
    INVOKE = "invoke"
    CHANGE = "change"  # a task that changed hosts, in its module's own way
    OTHER = "other"


class ChangeOutcome(StrEnum):
    """Outcome of a planned change."""

    PLANNED = "planned"
    APPLIED = "applied"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    UNKNOWN = "unknown"


class UnitState(StrEnum):
    """State of a unit in a run of many stacks.

    ``changed``: something was changed, or is planned to be. ``cancelled``: it was cancelled or declined. ``unknown``:
    its run had not ended, or was killed, or whether its plan was applied is not known. ``not_reached``: it never ran.
    ``not_observed``: it ran without tfevent, so that what it changed is not known. ``excluded``: it was not part of
    the run.
    """

    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_REACHED = "not_reached"
    CANCELLED = "cancelled"
    CHANGED = "changed"
    NOT_OBSERVED = "not_observed"
    UNCHANGED = "unchanged"
    EXCLUDED = "excluded"


class ValueKind(StrEnum):
    """Kind of a value, and whether it is shown."""

    VALUE = "value"  # `text` is the redacted JSON lexeme, numbers exact
    ABSENT = "absent"  # not set, or null
    UNKNOWN = "unknown"  # known after apply
    SENSITIVE = "sensitive"  # never shown; `fingerprint` shows whether it rotated
    LARGE = "large"  # long or multi-line: `size` in bytes and `fingerprint` only
    HIDDEN = "hidden"  # left out because the settings say so


class CauseKind(StrEnum):
    """What sort of evidence a cause rests on."""

    EDITED_LINE = "edited_line"
    UNCOMMITTED_EDIT = "uncommitted_edit"
    VARIABLE_GIVEN = "variable_given"
    MODULE_VERSION = "module_version"
    PROVIDER_VERSION = "provider_version"
    UPSTREAM_CHANGE = "upstream_change"
    DRIFT = "drift"
    DATA_SOURCE = "data_source"
    PROVIDER_COMPUTED = "provider_computed"
    UNKNOWN = "unknown"


class DriftStatus(StrEnum):
    """How a drifted resource differs from the last check of its directory."""

    APPEARED = "appeared"
    CHANGED = "changed"
    GONE = "gone"


class Confidence(StrEnum):
    """How sure a cause is: ``exact`` leaves no other explanation, ``likely`` fits what is known."""

    EXACT = "exact"
    LIKELY = "likely"
