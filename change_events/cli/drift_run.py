"""One drift check: the results of the directories, their comparison with the last check, and the event."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from change_events import process
from change_events.cli.render import drift as render
from change_events.cli.render.terminal import note, print_json, print_lines
from change_events.drift.results import Reason, Status, Terms
from change_events.errors import InputError, JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from change_events.cli.session import Session
    from change_events.drift.memory import Step
    from change_events.drift.results import DirectoryCheck, Request
    from change_events.journal.drift_checks import LastCheck
    from change_events.model import ChangeEvent
    from change_events.settings import Settings

EXIT_DRIFT, EXIT_UNKNOWN, EXIT_SIGNALLED = 2, 3, 128
_DEDUP_SECONDS = 86_400.0
_APPLIES_SINCE = timedelta(days=1)
_APPLIES = 500


class Run:
    """One invocation of the command; the arguments are its options."""

    def __init__(
        self,
        session: Session,
        request: Request,
        *,
        jitter: float,
        who: bool,
        forget: bool,
        records: bool,
        as_json: bool,
    ) -> None:
        self._session = session
        applied = _settings_of(session, request.directories)
        self._request = request._replace(terms={name: _terms(one) for name, one in applied.items()})
        self._rules = list(dict.fromkeys(rule for one in applied.values() for rule in one.drift_ignore))
        self._jitter = jitter
        self._who = who
        self._forget = forget
        self._records = records
        self._as_json = as_json
        self._started_at = datetime.now(UTC)

    def run(self) -> int:
        """Check, print, record; returns the exit code. Raises InputError without a terraform."""
        self._report_expired()
        with process.Signals(more=(signal.SIGQUIT,)) as signals:
            try:
                checks = list(self._checks(signals))
            except KeyboardInterrupt:
                return EXIT_SIGNALLED + (signals.received[0] if signals.received else 2)
        steps = self._steps(checks)
        if self._who:
            steps = self._with_origins(steps)
        event_id = self._record(steps) if self._records else None
        self._print(steps, event_id)
        return _code(checks)

    def _checks(self, signals: process.Signals) -> Iterator[DirectoryCheck]:
        def tick(seconds: float) -> int:
            signals.wait(seconds)
            progress.draw()
            return len(signals.received)

        progress = render.Progress(len(self._request.directories), shown=sys.stderr.isatty())
        end = time.monotonic() + random.uniform(0, self._jitter)  # noqa: S311 - no secret
        while (left := end - time.monotonic()) > 0:
            signals.wait(left)
            if signals.received:
                raise KeyboardInterrupt
        try:
            with closing(self._session.tools.check_drift(self._request, self._session.redactor, tick)) as results:
                for found in results:
                    check = self._without_applies(found)
                    progress.clear()
                    if not self._as_json:
                        print_lines([render.line(check)])
                        sys.stdout.flush()
                    progress.done(check)
                    yield check
        finally:
            progress.clear()

    def _report_expired(self) -> None:
        """Report expired rules once a day; every time if that cannot be stored."""
        from change_events.settings.drift import expired

        sentences = expired(self._rules)
        if not sentences:
            return
        if self._records:
            try:
                sentences = self._session.journal.note_today(sentences, datetime.now(UTC).date().isoformat())
            except JournalError as error:
                note(str(error))
        for sentence in sentences:
            note(sentence)

    def _without_applies(self, check: DirectoryCheck) -> DirectoryCheck:
        """Mark drift as unknown if an apply was running in the directory, which may have caused it."""
        if check.status is not Status.DRIFT or not self._session.settings.journal.exists():
            return check
        try:
            applied = {os.path.realpath(event.tool.directory or ""): event for event in self._applies() if event.tool}
        except JournalError:
            return check
        return self._settled(check, applied.get(self._session.redactor.text(check.path)))

    def _settled(self, check: DirectoryCheck, apply: ChangeEvent | None) -> DirectoryCheck:
        if apply is None:
            return check
        when = "is under way" if apply.ended_at is None else "ended while it was checked"
        return check._replace(
            status=Status.UNKNOWN, drifted=(), reason=Reason("busy", f"an apply {when} (event {apply.id})")
        )

    def _applies(self) -> Iterator[ChangeEvent]:
        from change_events.journal import Query

        query = Query(since=self._started_at - _APPLIES_SINCE, kind="infrastructure", phase="applied", limit=_APPLIES)
        for record in self._session.journal.list(query):
            if record.ended_at is None or record.ended_at >= self._started_at:
                yield record.event

    def _steps(self, checks: Sequence[DirectoryCheck]) -> list[Step]:
        """Compare the results with the last checks; without a journal, everything is new."""
        from change_events.drift.memory import steps

        known: Sequence[LastCheck] = []
        try:
            if self._records or self._session.settings.journal.exists():
                known = self._session.journal.drift_checks()
        except JournalError as error:
            note(f"{error}; no event of this check is recorded")
            self._records = False
        return steps(checks, known, time.time(), self._session.redactor, forget=self._forget)

    def _with_origins(self, steps: list[Step]) -> list[Step]:
        from change_events.drift.origins import with_origins

        try:
            return with_origins(steps, self._session.journal, self._session.redactor, note)
        except JournalError as error:
            note(f"cannot look up who caused this drift: {error}")
            return steps

    def _record(self, steps: Sequence[Step]) -> str | None:
        """Record the event, then the results: after a kill in between, the check is repeated with the same key."""
        from change_events.drift.event import event_of
        from change_events.drift.memory import dedup_key, forgotten, kept
        from change_events.recording.writer import EventWriter, report_line

        settings, journal, event_id = self._session.settings, self._session.journal, None
        event = event_of(steps, self._started_at, dedup_key(steps), asked_who=self._who)
        if event is not None:
            writer = EventWriter(settings, self._session.redactor, say=note, journal=journal)
            settled = writer.settle(self._stamped(event, steps), dedup_window=_DEDUP_SECONDS)
            event_id = settled.repeats or event.id
            if not (settled.recorded or settled.repeats):
                return None
            if not settings.quiet and not settled.repeats:
                note(report_line(settled))
        try:
            journal.keep_drift_checks(kept(steps), forgotten(steps))
        except JournalError as error:
            note(f"the result of this check is not stored: {error}")
        return event_id

    def _stamped(self, event: ChangeEvent, steps: Sequence[Step]) -> ChangeEvent:
        """Return the event with its context, but without a user: whoever runs the check did not cause the drift."""
        from msgspec.structs import replace

        from change_events import trace
        from change_events.context import detect
        from change_events.context.stamp import stamp

        only = steps[0].check if len(steps) == 1 else None
        place = Path(only.path) if only else self._session.cwd
        redactor = self._session.redactor
        context = detect(place, os.environ, redactor=redactor)
        ci = replace(context.actor.ci, actor=None) if context.actor.ci else None
        context = replace(context, actor=replace(context.actor, user=None, ci=ci))
        values = {"workspace": only.workspace if only else None, "directory": place.name}
        return stamp(event, self._session.settings, redactor, context, trace=trace.begin(os.environ), **values)

    def _print(self, steps: Sequence[Step], event_id: str | None) -> None:
        if self._as_json:
            print_json(render.document(steps, event_id))
            return
        if sys.stdout.isatty():
            print_lines(render.details(steps))
        if len(steps) > 1:
            print_lines([render.summary(steps)])


def _settings_of(session: Session, directories: Sequence[str]) -> dict[str, Settings]:
    """Return the settings that apply in each directory, and report mistakes in files that apply only there."""
    from change_events.settings import load_leniently
    from change_events.settings.loading import find

    here = find(session.cwd)
    reported = {*session.settings_and_mistakes[1]}
    found = {}
    for directory in directories:
        path = Path(os.path.realpath(directory))
        found[directory] = session.settings
        try:
            own = set(find(path)) - set(here)
        except OSError:  # the check says what is wrong with the directory
            continue
        if own:
            found[directory], mistakes = load_leniently(path, os.environ)
            for mistake in dict.fromkeys(mistakes):
                if mistake not in reported:
                    note(mistake)
            reported.update(mistakes)
    return found


def distinct(directories: Sequence[str]) -> list[str]:
    """Return each directory once, under its first name, resolving links. Raises InputError."""
    found: dict[str, str] = {}
    for one in directories:
        try:
            found.setdefault(os.path.realpath(one), one)
        except OSError as error:
            raise InputError(f"{one}: the working directory has been removed: give absolute paths") from error
    return list(found.values())


def _terms(settings: Settings) -> Terms:
    from change_events.settings.drift import holding

    return Terms(settings.ignore, holding(settings.drift_ignore))


def _code(checks: Sequence[DirectoryCheck]) -> int:
    statuses: set[Any] = {check.status for check in checks}
    if Status.DRIFT in statuses:
        return EXIT_DRIFT
    return EXIT_UNKNOWN if Status.UNKNOWN in statuses else 0
