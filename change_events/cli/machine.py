"""``tfevent events boot``, ``start`` and ``stop``, for systemd units, rc.local and entrypoints, which wait for them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from change_events.cli.explicit_options import takes_options
from change_events.cli.help_examples import examples
from change_events.cli.render.terminal import note
from change_events.cli.send import complain, report

if TYPE_CHECKING:
    from change_events.cli.session import Session
    from change_events.explicit.event import Draft
    from change_events.machine.service import Result
    from change_events.machine.snapshot import MachineSnapshot
    from change_events.machine.state_file import Memory
    from change_events.model import ChangeEvent
    from change_events.recording import RecordResult
    from change_events.redact import Redactor
    from change_events.settings import Settings

_IN_ALL = 0.8  # seconds that a command may take with its delivery, where no one says how long: who calls it waits
_LEAST, _MOST = 0.1, 0.4  # of these for delivery
_ALWAYS = 3_650 * 86_400.0  # seconds: a boot is reported once, however long it lasts
_SAID = ("title", "message", "severity", "environment", "tag", "link", "data", "destination")
_OF_SERVICE = ("service", "version", *_SAID)

_budget = click.option(
    "--budget",
    type=click.FloatRange(min=0, max=60),
    metavar="SECONDS",
    show_default="under a second in total",
    help="Time limit for delivery, 0 to skip it; undelivered events wait for a later command.",
)


@click.command(
    "boot",
    short_help="Record a boot: previous shutdown, downtime, kernel, image.",
    epilog=examples(
        "tfevent events boot",
        "tfevent events boot --environment prod --tag role=db",
        "tfevent events boot --image registry.example.com/shop:1.4.2    in a container",
    ),
)
@click.option("--image", metavar="NAME", show_default="TFEVENT_IMAGE, or from os-release", help="Image name.")
@takes_options(_SAID)
@_budget
@click.pass_obj
def boot_command(session: Session, /, *, image: str | None, budget: float | None, **options: Any) -> int:
    """Record a boot of this machine: how it was shut down, downtime, changes of kernel and image.

    Each boot is recorded once, however often this is called. A container start counts as a boot.
    """
    import msgspec

    from change_events.machine import snapshot, state_file
    from change_events.paths import state_dir

    reporter = _MachineEvent(session, "boot", options, budget)
    here = snapshot.take_snapshot({**os.environ, **({snapshot.IMAGE: image} if image else {})})
    here = msgspec.structs.replace(here, image=here.image and reporter.redactor.text(here.image))
    with state_file.alone(state_dir()):
        before = state_file.recall(state_dir())
        if before and before.boot == here.boot and before.event:
            _remember(msgspec.structs.replace(before, seen_at=_now(), stopped_at=None, goal=None))
            note(f"not recorded again: this boot is event {before.event}")
            sys.stdout.write(f"{before.event}\n")
            return 0
        return _boot(reporter, here, before)


def _boot(reporter: _MachineEvent, here: MachineSnapshot, before: Memory | None) -> int:
    from change_events.machine import boot_analysis, events, state_file

    analysis = boot_analysis.analyse(here, before, os.environ)
    event = events.booted(reporter.draft(), here, analysis, before, reporter.settings.message_bytes)
    settled = reporter.settle(event, dedup_window=_ALWAYS)
    if not settled.lost:
        _remember(
            state_file.Memory(
                boot=here.boot,
                boot_id=here.boot_id,
                booted_at=here.booted_at,
                kernel=here.kernel,
                image=here.image,
                event=settled.repeats or event.id,
                seen_at=_now(),
                records_stops=bool(before and before.records_stops),
            )
        )
    return report(settled, quiet=reporter.settings.quiet)


@click.command(
    "start",
    short_help="Record that a service has started.",
    epilog=examples(
        "tfevent events start --service shop --version 1.4.2",
        "tfevent events start --service shop --budget 0    in a unit's ExecStartPost=",
    ),
)
@takes_options(_OF_SERVICE)
@_budget
@click.pass_obj
def start_command(session: Session, /, *, budget: float | None, **options: Any) -> int:
    """Record that a service has started."""
    from change_events.machine import events, state_file
    from change_events.paths import state_dir

    reporter = _MachineEvent(session, "start", options, budget)
    draft = reporter.draft()
    if not draft.event.service:
        return complain([_NO_SERVICE])
    state_file.seen(state_dir())
    return report(
        reporter.settle(events.started(draft, reporter.settings.message_bytes)), quiet=reporter.settings.quiet
    )


@click.command(
    "stop",
    short_help="Record that a service has stopped, or that a host is stopping.",
    epilog=examples(
        "tfevent events stop --service shop    in a unit's ExecStopPost=, with systemd's result",
        "tfevent events stop --service shop --exit-code $?",
        "tfevent events stop --host    at shutdown",
    ),
)
@click.option("--host", is_flag=True, help="Record that the machine or container is going down; the next boot uses it.")
@click.option(
    "--exit-code",
    type=click.IntRange(0, 255),
    metavar="CODE",
    show_default="systemd's result",
    help="Exit code of the service.",
)
@takes_options(_OF_SERVICE)
@_budget
@click.pass_obj
def stop_command(
    session: Session, /, *, host: bool, exit_code: int | None, budget: float | None, **options: Any
) -> int:
    """Record that a service has stopped and its result, or that this machine is going down.

    In a unit's ExecStopPost=, the result is taken from systemd's SERVICE_RESULT, EXIT_CODE and EXIT_STATUS.
    """
    from change_events.machine import events, state_file
    from change_events.paths import state_dir

    reporter = _MachineEvent(session, "stop", options, budget)
    if host:
        return _goes_down(reporter)
    draft = reporter.draft()
    if not draft.event.service:
        return complain([_NO_SERVICE])
    state_file.seen(state_dir())
    event = events.stopped(draft, _result(exit_code), reporter.settings.message_bytes)
    return report(reporter.settle(event), quiet=reporter.settings.quiet)


_NO_SERVICE = "--service is required, here or in the settings (TFEVENT_SERVICE)"


def _result(exit_code: int | None) -> Result:
    from change_events.machine import service

    if exit_code is not None:
        return service.by_exit_code(exit_code)
    return service.by_systemd(os.environ) or service.Result()


def _goes_down(reporter: _MachineEvent) -> int:
    """Store the facts for the next boot first, since there may be little time."""
    import msgspec

    from change_events.machine import events, state_file, systemd
    from change_events.paths import state_dir

    goal = systemd.goal(os.environ)
    if goal is None:
        note("systemd reports no shutdown in progress: nothing is recorded")
        return 0
    with state_file.alone(state_dir()):
        known = state_file.recall(state_dir()) or _unknown_boot()
        if known:
            stopped = msgspec.structs.replace(known, stopped_at=_now(), seen_at=_now(), goal=goal, records_stops=True)
            _remember(stopped)
    draft = reporter.draft()
    event = events.going_down(draft, os.uname().nodename, goal, reporter.settings.message_bytes)
    return report(reporter.settle(event), quiet=reporter.settings.quiet)


def _unknown_boot() -> Memory | None:
    """Store this boot if it was not reported, so that the next one knows of it."""
    from change_events.errors import InputError
    from change_events.machine import snapshot, state_file

    try:
        here = snapshot.take_snapshot(os.environ)
    except InputError:
        return None
    return state_file.Memory(
        boot=here.boot, boot_id=here.boot_id, booted_at=here.booted_at, kernel=here.kernel, image=here.image
    )


def _remember(kept: Memory) -> None:
    from change_events.machine import state_file
    from change_events.paths import state_dir

    try:
        state_file.keep(state_dir(), kept)
    except OSError as error:
        note(f"cannot write {state_dir()} ({error.strerror}): the event of the next boot will be incomplete")


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


class _MachineEvent:
    """One event of this machine: invalid options are reported and left out, since a unit waits for the command."""

    def __init__(self, session: Session, kind: str, options: dict[str, Any], budget: float | None) -> None:
        from change_events.explicit.explicit_input import read
        from change_events.recording.explicit import settings_for

        settings: Settings = session.settings
        self._given, mistakes = read({**options, "kind": kind}, known_destinations=settings.names, now=_now())
        for mistake in mistakes:
            note(mistake)
        settings = settings_for({"destinations": self._given.destinations}, settings, note)
        self._budget = budget
        self._cwd = session.cwd
        self.settings: Settings = settings
        self.redactor: Redactor = session.redactor

    def draft(self) -> Draft:
        """Return the event in its context, without a repository."""
        from change_events import trace
        from change_events.explicit.event import Surroundings, draft
        from change_events.ids import new_id

        around = Surroundings(self._cwd, os.environ, self.settings, self.redactor, outside_of_git=True)
        return draft(self._given, around, event_id=new_id(), trace=trace.begin(os.environ))

    def settle(self, event: ChangeEvent, *, dedup_window: float | None = None) -> RecordResult:
        """Record it, and deliver it if there is time."""
        import msgspec

        from change_events.recording import EventWriter

        budget = _patience() if self._budget is None else self._budget
        settings = msgspec.structs.replace(self.settings, budget=budget)
        recording = EventWriter(settings, self.redactor, say=note, deliver=budget > 0)
        return recording.settle(event, dedup_window=dedup_window)


def _patience() -> float:
    """Return the seconds for delivery that keep the command below a second, even on a busy machine."""
    from change_events import process

    age = process.age()
    return _MOST if age is None else min(_MOST, max(_LEAST, _IN_ALL - age))
