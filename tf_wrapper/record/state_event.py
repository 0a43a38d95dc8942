"""The event of a state command, from the states before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from change_events.errors import InputError
from change_events.model import Outcome, OutcomeCounts, Plan, StateCounts, StateEdit, Summary, Tool
from change_events.model.state_versions import is_shared
from tf_wrapper.state.document import read_state
from tf_wrapper.state.edits import Edits, compare_edits
from tf_wrapper.state.objects import State
from tf_wrapper.state.snapshot import MOST_BYTES
from tf_wrapper.subcommands import CREATE, DELETE, EDIT, OBSERVED, REFRESH, SELECT, UNLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from change_events.model import ChangeEvent
    from change_events.redact import Redactor
    from tf_wrapper.state.snapshot import Document, Snapshot

_UNSEEN = "the changed entries are not known: tfevent was ended before it could compare the states"
_UNKNOWN = Edits(Plan(from_states=True), StateCounts())
_NOTHING = State(objects=[], outputs={})
_TOO_LARGE = f"the changed entries are not known: the state is larger than {MOST_BYTES // 1024 // 1024} MiB"
_SHARED = "another command changed the state at the same time: its edits are shown too"
_DOUBTED = "the command did not succeed: another one may have made these edits at the same time"
_UNREADABLE = "the changed entries are not known: the state could not be read"


class Ended(NamedTuple):
    """The end of a state command.

    Attributes:
        facts: facts of the run.
        code: exit code; None if unknown.
        before: states before; None if unknown.
        after: states after.
        interrupted: terraform was asked to stop.
    """

    facts: Mapping[str, Any]
    code: int | None
    before: Snapshot | None
    after: Snapshot
    interrupted: bool


class _Version(NamedTuple):
    serial: int | None
    lineage: str | None


class _Read(NamedTuple):
    """The documents to compare; ``target`` is another file, before and after, that receives removed entries."""

    before: Document | None
    after: Document | None
    target: tuple[Document, Document] | None = None


def of_state_command(
    event: ChangeEvent, ended: Ended, redactor: Redactor, ignore: Sequence[str] = ()
) -> ChangeEvent | None:
    """Return the event of a state command; None if it changed nothing.

    Args:
        event: the started event.
        ended: its end.
        redactor: remembers the states' secrets.
        ignore: globs of attribute paths to leave out of drift.
    """
    effect = str(ended.facts.get("effect", EDIT))
    if effect in {UNLOCK, CREATE, SELECT, DELETE}:
        return _of_lock_or_workspace(event, ended, redactor, effect)
    return _of_entries(event, ended, redactor, effect, ignore)


def _of_lock_or_workspace(event: ChangeEvent, ended: Ended, redactor: Redactor, effect: str) -> ChangeEvent | None:
    """Return the event of a lock or workspace command: the exit code decides, since there is no serial to compare."""
    existed = ended.before is not None and ended.before.exists
    if ended.code != 0 or (effect == SELECT and existed is not False):
        return None
    named, lock = (str(ended.facts.get(name) or "") for name in ("named", "lock_id"))
    edit = StateEdit(
        command=str(ended.facts["word"]),
        workspace=redactor.text(named) or None,
        lock=redactor.text(lock) or None,
        forced=bool(ended.facts.get("forced")),
    )
    before = ended.before.source if ended.before is not None else None
    edits, note = _edits(_Read(before, ended.after.source), redactor, EDIT)
    return _filled(event, ended, edits, replace(edit, note=note))


def _of_entries(
    event: ChangeEvent, ended: Ended, redactor: Redactor, effect: str, ignore: Sequence[str]
) -> ChangeEvent | None:
    before, after = ended.before, ended.after
    old = _Version(ended.facts.get("serial"), ended.facts.get("lineage"))
    if before is None:  # the next command settles it
        new = _version(after.source)
        edit = _edit(ended, redactor, old, new, _UNSEEN)
        return _filled(event, ended, _UNKNOWN, edit) if _may_differ(ended, effect, old, new) else None
    if before.target is not None and after.target is not None and not OBSERVED[str(ended.facts["word"])].splits:
        read = _Read(before.source, after.target)  # with -state-out, the others read one file and write another
    else:
        target = (before.target, after.target) if before.target is not None and after.target is not None else None
        read = _Read(before.source, after.source, target)
    if ended.facts.get("dry") or not _is_written(before, after, ended, effect):
        return None
    edits, note = _edits(read, redactor, effect, ignore)
    old, new = _version(read.before), _version(read.after)
    if old == new and not note and not _finds(edits):
        return None
    edit = _edit(ended, redactor, old, new, note)
    notes = "; ".join(text for text in (note, _doubt(ended, edit)) if text)
    return _filled(event, ended, edits, replace(edit, note=notes or None))


def _doubt(ended: Ended, edit: StateEdit) -> str:
    """Return a note that edits may be another command's, which wrote the state between the two readings."""
    if ended.code != 0:
        return _DOUBTED
    return _SHARED if is_shared(edit) else ""


def _edit(ended: Ended, redactor: Redactor, old: _Version, new: _Version, note: str | None) -> StateEdit:
    return StateEdit(
        command=str(ended.facts["word"]),
        serial=new.serial,
        previous_serial=old.serial,
        lineage=redactor.text(new.lineage) if new.lineage else None,
        previous_lineage=redactor.text(old.lineage) if old.lineage else None,
        forced=bool(ended.facts.get("forced")),
        note=note,
    )


def _is_written(before: Snapshot, after: Snapshot, ended: Ended, effect: str) -> bool:
    """Return whether one of the states that the command could write has changed."""
    pairs = [(before.source, after.source), (before.target, after.target)]
    if any(one is not None and one.data is None for pair in pairs for one in pair):
        return _succeeds_by_writing(ended, effect)
    return any((old and (old.version, old.data)) != (new and (new.version, new.data)) for old, new in pairs)


def _may_differ(ended: Ended, effect: str, old: _Version, new: _Version) -> bool:
    """Return whether a command changed something of which only the versions are known."""
    if ended.after.source is None or ended.after.source.data is None:
        return _succeeds_by_writing(ended, effect)
    return old != new


def _succeeds_by_writing(ended: Ended, effect: str) -> bool:
    """Return whether success proves a write if no state is known; true for all but a refresh."""
    return ended.code in {0, None} and effect != REFRESH and not ended.facts.get("dry")


def _finds(edits: Edits) -> bool:
    return bool(edits.plan.changes or edits.plan.drift or edits.plan.outputs)


def _version(document: Document | None) -> _Version:
    return _Version(*document.version) if document is not None else _Version(None, None)


def _edits(read: _Read, redactor: Redactor, effect: str, ignore: Sequence[str] = ()) -> tuple[Edits, str | None]:
    """Return the edits, or why they are unknown."""
    documents = [one for one in (read.before, read.after, *(read.target or ())) if one is not None]
    if read.before is None and read.after is None:
        return _UNKNOWN, None
    if not all(one.whole for one in documents):
        return _UNKNOWN, _TOO_LARGE
    try:
        before, after = _state(read.before), _state(read.after)
        target = (_state(read.target[0]), _state(read.target[1])) if read.target else None
    except InputError:
        return _UNKNOWN, _UNREADABLE
    return compare_edits(before, after, redactor, effect=effect, target=target, ignore=ignore), None


def _state(document: Document | None) -> State:
    """Return a state. Raises InputError if it is unknown."""
    if document is None:
        return _NOTHING
    if document.data is None:
        raise InputError(_UNREADABLE)
    return read_state(document.data, "state") if document.data else _NOTHING


def _filled(event: ChangeEvent, ended: Ended, edits: Edits, edit: StateEdit) -> ChangeEvent:
    plan = edits.plan
    tool = event.tool or Tool(name=plan.tool_name)
    return replace(
        event,
        tool=replace(tool, version=plan.tool_version or tool.version, exit_code=ended.code),
        outcome=_outcome(ended),
        partial=False,  # -target limits a plan, and there is none
        state=edit,
        changes=plan.changes,
        drift=plan.drift,
        outputs=plan.outputs,
        summary=Summary(
            counts=plan.counts,
            outcomes=OutcomeCounts(applied=len(plan.changes)),
            by_type=plan.by_type,
            by_module=plan.by_module,
            state=edits.counts,
        ),
    )


def _outcome(ended: Ended) -> Outcome:
    if ended.code == 0:
        return Outcome.SUCCEEDED
    if ended.code is None:
        return Outcome.UNKNOWN
    return Outcome.CANCELLED if ended.interrupted else Outcome.FAILED
