"""Writes one event: started, settled, delivered; a problem costs the user at most one line."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from change_events import routing
from change_events.errors import JournalError, TemplateError
from change_events.output import describe
from change_events.process.pressure import stretch
from change_events.recording.baseline import baseline_of
from change_events.recording.unrouted import route_late, waits_of
from change_events.stacks import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from change_events.journal import Journal
    from change_events.journal.spool import Operation
    from change_events.model import ChangeEvent, SealedEvent, Signal
    from change_events.redact import Redactor
    from change_events.settings import Settings

_NAMED = 3  # destinations that are listed one by one after a run


class RecordResult(msgspec.Struct, frozen=True):
    """The result of settling an event.

    Attributes:
        sealed: the event as recorded and sent.
        recorded: it is in the journal; False if it was not worth a record, or the journal cannot be used.
        places: a clause for each destination: its name and ``delivered``, ``waiting`` or ``parked``.
        states: the same by name, as far as the journal knows it.
        problems: one sentence for each destination that did not get it, without secrets.
        reportable: there is something to report to the user (:func:`report_line`).
        lost: it is neither in the journal nor was it sent.
        repeats: ID of an earlier event with the same key: this one was not recorded.
        earlier: that event, which may differ.
    """

    sealed: SealedEvent
    recorded: bool = False
    places: tuple[str, ...] = ()
    states: dict[str, str] = {}
    problems: tuple[str, ...] = ()
    reportable: bool = False
    lost: bool = False
    repeats: str | None = None
    earlier: SealedEvent | None = None


class EventWriter:
    """Writes one event. Problems with journal, templates or backends are reported once by ``say``, never raised.

    Args:
        settings: the usable part of the settings.
        redactor: has seen the run's secrets; makes the last pass.
        say: takes one line for the user.
        journal: an open journal, which the caller closes; by default the settings' own, opened for each step.
        deliver: False if the process is at its end or another process waits: the next command delivers.
        patience: seconds to wait for a journal locked by another process.

    Attributes:
        is_blocked: the journal could not be used, and no spool file can be written.
    """

    def __init__(
        self,
        settings: Settings,
        redactor: Redactor,
        *,
        say: Callable[[str], object],
        journal: Journal | None = None,
        deliver: bool = True,
        patience: float | None = None,
    ) -> None:
        self.is_blocked = False
        self._is_one_of_many = False
        self._patience = patience
        self._settings = settings
        self._redactor = redactor
        self._say = say
        self._given_journal = journal
        self._deliver = deliver
        self._said: set[str] = set()

    def journal(self) -> AbstractContextManager[Journal]:
        """Open the journal. Raises JournalError."""
        from change_events.journal import Journal

        return (
            nullcontext(self._given_journal)
            if self._given_journal
            else _opened(Journal, self._settings, self._patience)
        )

    @contextmanager
    def usable_journal(self) -> Iterator[Journal | None]:
        """Open the journal for optional data; None if it cannot be opened, which settling reports."""
        with ExitStack() as stack:
            journal = None
            with suppress(Exception):  # a bug of ours, too: settling needs the journal, and fails in the same way
                journal = stack.enter_context(self.journal())
            yield journal

    @property
    def settings(self) -> Settings:
        """The settings in use."""
        return self._settings

    def sealed(self, event: ChangeEvent, past: Sequence[Signal] = ()) -> SealedEvent:
        """Return the event to record: composed (with signals of the past), after the last pass of redaction."""
        starts_many = event.stacks is not None and event.outcome is None
        self._is_one_of_many = starts_many or routing.is_unit(event)
        sealed = self._redactor.seal(self.composed(event, past))
        for trouble in self._redactor.troubles:
            self.say_once(trouble)
        return sealed

    def say_once(self, trouble: str) -> None:
        """Report a problem once per run."""
        if trouble not in self._said:
            self._said.add(trouble)
            self._say(trouble)

    def composed(self, event: ChangeEvent, past: Sequence[Signal] = ()) -> ChangeEvent:
        """Return the event with title, message, signals and severity; a failed template of the user is skipped."""
        from change_events.summary.composing import compose

        try:
            return compose(event, self._settings, past)
        except TemplateError as error:
            self.say_once(str(error))
            plain = msgspec.structs.replace(self._settings, title_template=None, message_template=None)
            return compose(event, plain, past)

    def _past(self, event: ChangeEvent) -> tuple[Signal, ...]:
        """Return what earlier events add to this one; nothing if the journal cannot be read, which settling reports."""
        from change_events.history.signals import history_signals

        if event.explicit or event.playbook is not None or not event.changes or event.phase.value != "applied":
            return ()
        try:
            with self.usable_journal() as journal:
                return history_signals(journal, event) if journal else ()
        except JournalError:
            return ()
        except Exception as error:  # noqa: BLE001 - the event itself must not be lost for a signal
            self.say_once(f"earlier events were not compared: {describe(error)}")
            return ()

    def start(self, event: ChangeEvent) -> SealedEvent:
        """Record a run that is about to change something, or update its record."""
        return self.begin(event).sealed

    def begin(self, event: ChangeEvent, *, dedup_window: float | None = None) -> RecordResult:
        """Record a change that starts now and that another process may settle; it is ``lost`` without a journal.

        Args:
            event: the current event.
            dedup_window: seconds in which an event with the same ``dedup_key`` is recorded only once.
        """
        sealed = self.sealed(event)
        try:
            with self.journal() as journal:
                repeats = journal.start(sealed, dedup_window=dedup_window)
                self._report_notices(journal)
                if repeats:
                    return _repetition(journal, repeats, sealed)
        except JournalError as error:
            kept = self._kept(error, "start", sealed.event.id, body=sealed.body, dedup_window=dedup_window)
            return RecordResult(sealed, recorded=kept, lost=not kept)
        return RecordResult(sealed, recorded=True)

    def announce(self, event: ChangeEvent, *, wait: float = 0) -> None:
        """Notify destinations that receive started events, on a thread, within the budget.

        Args:
            event: the current event.
            wait: seconds to wait for the thread, since a later fork of the process should find as few threads as
                possible.
        """
        if not any(destination.routing.include_started for destination in self._settings.destinations):
            return
        sealed = self.sealed(event)
        names = routing.started(sealed.event, self._settings)
        if not names:
            return
        try:
            with self.journal() as journal:
                journal.start(sealed, names)
        except JournalError as error:
            self.say_once(str(error))
            return
        if self._deliver:
            arguments = (names, sealed.event.id, self._redactor.copy())
            thread = threading.Thread(target=self._deliver_start, args=arguments, name="tfevent-start", daemon=True)
            thread.start()
            thread.join(wait)

    def _deliver_start(self, names: list[str], event_id: str, redactor: Redactor) -> None:
        from change_events.delivery import deliver
        from change_events.journal import Journal

        chosen = [destination for destination in self._settings.destinations if destination.name in names]
        with suppress(JournalError), _opened(Journal, self._settings) as journal:  # settling shows what is wrong
            deliver(journal, chosen, budget=self._settings.budget, event=event_id, redactor=redactor)

    def settle(self, event: ChangeEvent, *, dedup_window: float | None = None, if_open: bool = False) -> RecordResult:
        """Record the end of a run, and deliver it and waiting events, within the settings' budget.

        A run that is not worth a record leaves none. Without a usable journal the event is sent directly, once.

        Args:
            event: the whole event; ``ended_at`` is now by default.
            dedup_window: seconds in which an event with the same ``dedup_key`` is recorded only once.
            if_open: leave an event unchanged if it is settled already; ``repeats`` is then its own ID.
        """
        ended = msgspec.structs.replace(event, ended_at=event.ended_at or datetime.now(UTC))
        with self._kept_open():
            return self._settled(ended, dedup_window=dedup_window, if_open=if_open)

    @contextmanager
    def _kept_open(self) -> Iterator[None]:
        """Keep the journal open during the block, if possible, to save repeated opening."""
        if self._given_journal is not None:
            yield
            return
        with self.usable_journal() as journal:
            self._given_journal = journal
            try:
                yield
            finally:
                self._given_journal = None

    def _settled(self, ended: ChangeEvent, *, dedup_window: float | None, if_open: bool) -> RecordResult:
        sealed = self.sealed(ended, self._past(ended))
        if not routing.is_worth_recording(sealed.event, self._settings):
            tally.add(sealed.event)
            baseline = baseline_of(ended) if self._settings.causes else None
            if self.discard(ended.id, self._redactor.seal(baseline) if baseline is not None else None):
                return RecordResult(sealed)
        names = routing.destinations(sealed.event, self._settings)
        try:
            with self.journal() as journal:
                repeats = journal.settle(
                    sealed, names, dedup_window=dedup_window, if_open=if_open, waits=waits_of(self._settings)
                )
                self._report_notices(journal)
                return _repetition(journal, repeats, sealed) if repeats else self._delivered(journal, sealed)
        except JournalError as error:
            terms: dict[str, Any] = {"dedup_window": dedup_window, "if_open": if_open}
            terms |= {"destinations": tuple(names), "waits": tuple(waits_of(self._settings))}
            if self._kept(error, "settle", sealed.event.id, body=sealed.body, **terms):
                places = ("recorded by the next tfevent command", *(f"{name} waiting" for name in names))
                states = dict.fromkeys(names, "waiting")
                return RecordResult(sealed, recorded=True, places=places, states=states, reportable=self._deliver)
            return self._sent_directly(sealed, names)

    def discard(self, event_id: str, baseline: SealedEvent | None = None) -> bool:
        """Remove a started run that is not worth a record; False if its start was delivered.

        Args:
            event_id: ID of the run.
            baseline: the part of it that later runs are compared with.
        """
        try:
            with self.journal() as journal:
                return journal.discard(event_id, baseline)
        except JournalError as error:
            self._kept(error, "discard", event_id, body=baseline.body if baseline else b"")
            return True

    def _delivered(self, journal: Journal, sealed: SealedEvent) -> RecordResult:
        problems: tuple[str, ...] = ()
        settings = self._settings
        if self._deliver:
            route_late(journal, settings)
        if self._deliver and settings.destinations:
            from change_events.delivery import deliver

            report = deliver(
                journal,
                settings.destinations,
                budget=settings.budget,
                event=sealed.event.id,
                redactor=self._redactor,
            )
            problems = report.problems
        record = journal.get(sealed.event.id)
        ended = [one for one in record.deliveries if one.stage == "settled"] if record else []
        # what another process is sending at this moment waits, as far as a person is concerned
        states = {one.destination: one.state.value.replace("leased", "waiting") for one in ended}
        places = tuple(f"{name} {state}" for name, state in states.items())
        files = dict.fromkeys(one.file for one in self._settings.unrouted)
        places += tuple(f"the rest when {file} is fixed" for file in files)
        return RecordResult(
            sealed, recorded=True, places=places, states=states, problems=problems, reportable=self._deliver
        )

    def _sent_directly(self, sealed: SealedEvent, names: list[str]) -> RecordResult:
        chosen = [destination for destination in self._settings.destinations if destination.name in names]
        if not self._deliver:
            return RecordResult(sealed, lost=True)
        from change_events.delivery import deliver_directly

        report = deliver_directly(sealed, chosen, budget=self._settings.budget, redactor=self._redactor)
        place = f"sent to {report.sent} of {len(chosen)}" if chosen else "not recorded: no destination"
        return RecordResult(sealed, places=(place,), problems=report.problems, reportable=True, lost=not report.sent)

    def _kept(self, error: JournalError, operation: Operation, event_id: str, **arguments: Any) -> bool:
        """Report an event that could not be recorded; returns whether it is spooled, if the journal is only locked."""
        from change_events.journal import JournalLocked, spool

        if not isinstance(error, JournalLocked):
            self.is_blocked = True
            self.say_once(str(error))
            return False
        entry = spool.Entry(operation, time.time(), event_id, **arguments)
        try:
            spool.keep(self._given_journal.path if self._given_journal else self._settings.journal.absolute(), entry)
        except OSError as trouble:
            self.is_blocked = True
            self.say_once(f"{error}; cannot write the spool file ({trouble.strerror})")
            return False
        if not self._is_one_of_many:  # then the journal is busy and no one hangs: the end of the whole takes it in
            self.say_once(f"{error}; the event is spooled and recorded by the next command")
        return True

    def _report_notices(self, journal: Journal) -> None:
        """Report a damaged file that was moved aside, or events dropped at a limit."""
        for notice in journal.notices:
            self.say_once(notice)


def _repetition(journal: Journal, earlier: str, sealed: SealedEvent) -> RecordResult:
    record = journal.get(earlier)
    return RecordResult(sealed, repeats=earlier, earlier=record.sealed if record else None)


def _opened(journal: type[Journal], settings: Settings, patience: float | None = None) -> Journal:
    from change_events.journal.store import LOCK_WAIT

    waits = (LOCK_WAIT if patience is None else patience) * stretch()
    return journal.open(settings.journal, repair=True, caps=settings.caps, patience=waits)


def report_line(settled: RecordResult) -> str:
    """Return the line after a run: what was recorded and where it was sent."""
    event = settled.sealed.event
    return f"{event.title} [{event.id}] → {'; '.join(_places(settled)) or 'journal'}{_trouble(settled)}"


def _places(settled: RecordResult) -> tuple[str, ...]:
    """Return where it was sent; of many destinations, those that have it are counted."""
    there = [name for name, state in settled.states.items() if state == "delivered"]
    if len(settled.places) <= _NAMED or len(there) <= 1:
        return settled.places
    rest = tuple(f"{name} {state}" for name, state in settled.states.items() if name not in there)
    return (f"{len(there)} delivered", *rest)


def _trouble(settled: RecordResult) -> str:
    if not settled.problems:
        return ""
    more = len(settled.problems) - _NAMED
    rest = (f"{more} more: see `tfevent events show {settled.sealed.event.id}`",) if more > 0 else ()
    return f" ({'; '.join((*settled.problems[:_NAMED], *rest))})"
