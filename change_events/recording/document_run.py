"""One event whose writer does not know this package's types: documents from start to end.

Used by plugins of other programs in their own process or through ``tfevent events record``, with the same documents. In
addition to the keys of :mod:`change_events.recording.ingest`, a document may have:

* ``context``: False omits user, host, CI system and commit; True is the default.
* ``deliver``: False leaves delivery to the next command; True is the default.
* ``writer_pid``, ``directory``, ``environ``, in the first one: for :mod:`change_events.cli.record_stream`.
* ``dedup_window``, ``state``, ``close_with_pid``, ``destinations``: see :mod:`change_events.recording.explicit`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from change_events import __version__, trace
from change_events.context import Context, detect
from change_events.context.stamp import stamp
from change_events.model import Tool
from change_events.output import describe
from change_events.recording import explicit
from change_events.recording.ingest import event_of
from change_events.recording.recoverable import RecoverableRun
from change_events.recording.recovery import interrupted
from change_events.recording.writer import EventWriter, RecordResult, report_line
from change_events.settings import load_leniently
from change_events.settings.redaction import redactor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from change_events.model import ChangeEvent, SealedEvent

Document = dict[str, Any]


class DocumentRun:
    """One event from its first document to its last.

    No method raises for problems with disk, journal or backends; each may raise InputError for an invalid document.

    Args:
        owner: the observer: ``ansible``.
        directory: where ``tfevent.yaml`` and the git repository are looked for.
        environ: the environment: settings, CI system, trace, secrets.
        say: takes one line for the user.
        explain: find the causes of a playbook's changes at its end; not in the process that runs it.
    """

    def __init__(
        self,
        owner: str,
        directory: str | Path,
        environ: Mapping[str, str],
        say: Callable[[str], object],
        *,
        explain: bool = False,
    ) -> None:
        self._directory = Path(directory)
        self._environ = environ
        self._say = say
        self._explain = explain
        self._settings, mistakes = load_leniently(self._directory, environ)
        for mistake in mistakes:
            say(mistake)
        self._redactor = redactor_of(self._settings, environ)
        self._owner = owner
        self._trace = trace.begin(environ)
        self._context: Context | None = None
        self._run: RecoverableRun | None = None
        self._last: ChangeEvent | None = None

    def start(self, document: Mapping[str, Any]) -> Document:
        """Record the start of a run; from here on it cannot be lost.

        Returns:
            ``id``; ``budget``, the seconds that delivery may take at its end.
        """
        self._last = self._event(document)
        self._run = RecoverableRun(self._owner, self._settings, self._redactor, self._say)
        self._run.start(self._last)
        return {"id": self._last.id, "state": "started", "budget": self._settings.budget}

    def checkpoint(self, document: Mapping[str, Any]) -> None:
        """Store the current event, in case the run is killed."""
        if self._run is not None:
            self._last = self._event(document)
            self._run.checkpoint(self._last)

    def settle(self, document: Mapping[str, Any]) -> Document:
        """Record and deliver the whole event; :func:`answer` describes the result."""
        event = self._event(document)
        deliver = bool(document.get("deliver", True))
        if self._run is not None:
            return self._settled(self._run, self._explained(self._run, event), deliver=deliver)
        recording = self._recording(document, deliver=deliver)
        return answer(explicit.record(recording, event, document), quiet=self._settings.quiet)

    def interrupt(self) -> Document | None:
        """Settle a started event as "outcome unknown": the writer ended without a settled document."""
        if self._run is None or self._last is None:
            return None
        return self._settled(self._run, interrupted(self._last), deliver=True)

    def preview(self, document: Mapping[str, Any]) -> Document:
        """Return what :meth:`settle` would record and where it would go, without doing it."""
        return answer(explicit.foresee(self._recording(document), self._event(document), document), quiet=True)

    def close(self) -> None:
        """Release a run that was started and not settled: the next tfevent command settles it."""
        if self._run is not None:
            self._run.release()
            self._run = None

    def _recording(self, document: Mapping[str, Any], *, deliver: bool = True) -> EventWriter:
        settings = explicit.settings_for(document, self._settings, self._say)
        return EventWriter(settings, self._redactor, say=self._say, deliver=deliver)

    def _settled(self, run: RecoverableRun, event: ChangeEvent, *, deliver: bool) -> Document:
        self._run = None
        return answer(run.settle(event, deliver=deliver), quiet=self._settings.quiet)

    def _explained(self, run: RecoverableRun, event: ChangeEvent) -> ChangeEvent:
        """Return the event with the causes of its changes, after storing it without them in case of a kill."""
        if not self._explain:
            return event
        from change_events.recording import explain

        try:
            if explain.is_wanted(event, self._settings):
                run.checkpoint(event)
                return explain.explained(event, self._settings, self._redactor, self._environ)
        except Exception as error:  # noqa: BLE001 - a bug of ours costs the causes, not the record
            self._say(f"the causes of this run's changes are not found: {describe(error)}")
        return event

    def _event(self, document: Mapping[str, Any]) -> ChangeEvent:
        event = event_of(document, self._redactor)
        event = msgspec.structs.replace(
            event, tool=msgspec.structs.replace(event.tool or Tool(name=self._owner), tfevent=__version__)
        )
        context = self._surroundings() if document.get("context", True) else None
        directory = self._directory.name
        return stamp(event, self._settings, self._redactor, context, trace=self._trace, directory=directory)

    def _surroundings(self) -> Context:
        if self._context is None:
            self._context = detect(self._directory, self._environ, redactor=self._redactor)
        return self._context


def answer(settled: RecordResult, *, quiet: bool) -> Document:
    """Return the result of recording an event, in plain values.

    Returns:
        ``id``, ``title``, ``outcome``; ``recorded``; ``lost``: neither recorded nor sent, though it should be;
        ``repeats``, the ID of the earlier event with the same key; ``destinations``, their names with ``delivered``,
        ``waiting`` or ``parked``; ``problems``, a sentence each; ``line``, what to report to the user, None if there is
        nothing to report; ``event``, the recorded event.
    """
    counts = settled.earlier or settled.sealed
    event = counts.event
    return {
        "id": settled.repeats or event.id,
        "title": event.title,
        "outcome": event.outcome and event.outcome.value,
        "recorded": settled.recorded,
        "lost": settled.lost,
        "repeats": settled.repeats,
        "destinations": settled.states,
        "problems": list(settled.problems),
        "line": report_line(settled) if (settled.reportable or settled.recorded) and not quiet else None,
        "event": decoded(counts),
    }


def decoded(sealed: SealedEvent) -> Document:
    """Return the sealed event as plain values."""
    plain: Document = msgspec.json.decode(sealed.body)
    return plain
