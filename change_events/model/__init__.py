"""The change event: what one run planned, what really happened, who did it, and how it ended.

The published JSON Schema (``change_events/schema/change-event.schema.json``) is generated from these structs.
Every string in an event has been redacted before it was put here, and only :func:`change_events.redact.seal`
turns an event into the :class:`SealedEvent` that a journal or a destination accepts.

Times are timezone-aware UTC datetimes; durations are seconds.
"""

from __future__ import annotations

from change_events.model.backfilled import Backfilled
from change_events.model.base import Struct
from change_events.model.causes import Cause, CauseCommit, Inputs, SharedCause
from change_events.model.changes import (
    AttributeChange,
    Change,
    CheckResult,
    Drift,
    DriftOrigin,
    OutputChange,
    Risk,
    Source,
    Value,
)
from change_events.model.enums import (
    Action,
    CauseKind,
    ChangeOutcome,
    Confidence,
    DriftStatus,
    Kind,
    Outcome,
    Phase,
    Severity,
    UnitState,
    ValueKind,
)
from change_events.model.event import (
    SCHEMA_VERSION,
    Actor,
    ChangeEvent,
    Ci,
    Cloud,
    Commit,
    Counts,
    Failure,
    Link,
    OutcomeCounts,
    Plan,
    Related,
    SealedEvent,
    Signal,
    StateCounts,
    StateEdit,
    Summary,
    Tool,
    Trace,
    Truncated,
    Vcs,
)
from change_events.model.stack import stack_key
from change_events.model.stacks import Stacks, StackUnit, UnitCounts
from change_events.model.tasks import (
    HostCounts,
    HostFailure,
    HostRun,
    ItemCounts,
    Playbook,
    TaskCounts,
    TaskRun,
)

__all__ = [
    "SCHEMA_VERSION", "Action", "Actor", "AttributeChange", "Backfilled", "Cause", "CauseCommit", "CauseKind", "Change",
    "ChangeEvent", "ChangeOutcome", "CheckResult", "Ci", "Cloud", "Commit", "Confidence", "Counts", "Drift",
    "DriftOrigin", "DriftStatus", "Failure", "HostCounts", "HostFailure", "HostRun", "Inputs", "ItemCounts", "Kind",
    "Link", "Outcome", "OutcomeCounts", "OutputChange", "Phase", "Plan", "Playbook", "Related", "Risk", "SealedEvent",
    "Severity", "SharedCause", "Signal", "Source", "StackUnit", "Stacks", "StateCounts", "StateEdit", "Struct",
    "Summary", "TaskCounts", "TaskRun", "Tool", "Trace", "Truncated", "UnitCounts", "UnitState",
    "Value", "ValueKind", "Vcs", "stack_key",
]  # fmt: skip
