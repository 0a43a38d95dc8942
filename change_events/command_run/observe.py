"""Observes one command, from before it starts until its event is delivered.

Failures cost one line on stderr; only the command's exit code counts.
"""

from __future__ import annotations

import errno
import os
import time

from change_events import process, trace
from change_events.command_run import init
from change_events.command_run.command import ObservedCommand
from change_events.files.rundir import create
from change_events.ids import new_id
from change_events.output import describe, say
from change_events.paths import state_dir, working_directory
from change_events.process.signal_relay import PASSED_ON, SignalProbe, SignalRelay, probe_beside

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before the command starts
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from change_events.command_run.command import CloseKilled
    from change_events.command_run.recorder import Recorder
    from change_events.files.rundir import RunDirectory

OWNER = "command"
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as shells return it
_NAMES = ("environment", "service", "version")


def observe(argv: Sequence[str], options: Mapping[str, Any], close_killed: CloseKilled | None = None) -> int:
    """Run a command with tfevent's stdio and record it; returns its exit code, or dies of the signal that killed it.

    Args:
        argv: the command and its arguments.
        options: the input, as in :func:`change_events.explicit.explicit_input.read`; ``stacks``: it runs many stacks,
            which are recorded as one event.
        close_killed: see :class:`change_events.command_run.command.ObservedCommand`.
    """
    if os.environ.get("TFEVENT_DISABLE", "") not in {"", "0"}:
        return _become(argv)
    if os.getpid() == 1:
        init.split_off()
    with process.Signals(PASSED_ON) as signals:
        probe = probe_beside(signals)
        facts = _facts(argv, options)
        options = _resolved(options)
        observed = ObservedCommand(argv, options, facts, _folder(facts, argv), close_killed)
        code = _Run(observed).run(signals, probe)
    return process.end_as(code)


def _facts(argv: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts for a run that is killed before anything is recorded, without texts that may have secrets."""
    from change_events.explicit.choices import KINDS

    kind = options.get("kind")
    return {
        "id": new_id(),
        "owner": OWNER,
        "kind": kind if kind in KINDS else "custom",
        "command": os.path.basename(argv[0]),
        "started_at": time.time(),
        "trace": trace.begin(os.environ),
        **{name: options.get(name) or None for name in _NAMES},
        **({"stacks": {"directory": working_directory()}} if options.get("stacks") else {}),
    }


def _resolved(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options with the ID of the previous commit, since the command may move its tag or branch."""
    if not (name := options.get("previous_commit")):
        return options
    try:
        from change_events.context.commits import resolve

        found = resolve(working_directory(), os.environ, name)
    except Exception as error:  # noqa: BLE001 - a bug of ours is never the command's trouble
        say(f"--previous-commit cannot be looked up: {describe(error)}")
        return options
    return {**options, "previous_commit": found or name}


def _folder(facts: dict[str, Any], argv: Sequence[str]) -> RunDirectory | None:
    folder = create(state_dir(), str(facts["id"]))
    if "stacks" in facts:
        _expect_report(facts["stacks"], argv, folder)
    if folder is None:
        say("no writable run folder; if tfevent is killed, this run is not recorded")
        return None
    try:
        folder.write_facts(durable=True, **facts)
    except OSError as error:
        say(f"cannot write the checkpoint ({error.strerror}); if tfevent is killed, this run is not recorded")
        folder.remove()
        return None
    return folder


def _expect_report(stacks: dict[str, Any], argv: Sequence[str], folder: RunDirectory | None) -> None:
    from change_events.stacks import terragrunt

    own = folder.file("report.json") if folder else None
    variables, place = terragrunt.prepared(argv, os.environ, stacks["directory"], own)
    stacks.update(place, variables=variables, plans=terragrunt.plans(argv))


class _Run:
    """The command and the thread that records it."""

    def __init__(self, observed: ObservedCommand) -> None:
        self._observed = observed
        self._facts = observed.facts
        self._folder = observed.folder

    def run(self, signals: process.Signals, probe: SignalProbe | None) -> int:
        begun = time.monotonic()
        error: OSError | None = None
        if signals.received:
            return self._not_begun(signals.received[-1])
        try:
            child = process.spawn_command(self._observed.argv, self._environment(), signals)
        except OSError as failure:
            error = failure
            code = NOT_FOUND if failure.errno in {errno.ENOENT, errno.ENOTDIR} else NOT_EXECUTABLE
            say(f"cannot run {self._observed.argv[0]}: {failure.strerror}")
        recorder = self._recorder(None if error else child.pid, signals)
        if not error:
            code = _wait(child, signals, probe)
        if probe:
            probe.close()
        received = signals.received[-1] if signals.received else None
        end = {"code": code, "ended_at": self._facts["started_at"] + time.monotonic() - begun, "signal": received}
        end["error"] = _reason(error) if error else None
        self._end(recorder, end)
        return code

    def _not_begun(self, number: int) -> int:
        """Handle a signal before the command has started."""
        if self._folder:
            self._folder.remove()
        return -number

    def _environment(self) -> dict[str, str]:
        own, stacks = self._facts["trace"], self._facts.get("stacks")
        ids = {"run_id": self._facts["id"], "trace_id": own["trace_id"], "span_id": own["span_id"]}
        variables = stacks["variables"] if stacks else {}
        return trace.child_environment({**os.environ, **variables}, **ids, stacks=stacks is not None)

    def _recorder(self, pid: int | None, signals: process.Signals) -> Recorder | None:
        """Start recording, beside the command."""
        try:
            if self._folder and pid:
                self._folder.write_facts(writer=process.identity(pid))
            from change_events.command_run.recorder import Recorder

            recorder = Recorder(self._observed, signals)
            recorder.start()
        except Exception as error:  # noqa: BLE001 - a bug of ours, or a thread too many, is never the command's trouble
            say(f"this run is recorded by the next tfevent command: {describe(error)}")
            return None
        return recorder

    def _end(self, recorder: Recorder | None, end: dict[str, Any]) -> None:
        try:
            if self._folder:
                self._folder.write_end(**end)
        except OSError as error:  # the folder has been removed, the disk is full
            say(f"the end of this run is not written down: {error.strerror}")
        try:
            if recorder:
                recorder.settle(end)
        except Exception as error:  # noqa: BLE001 - likewise
            say(f"this run is recorded incompletely: {describe(error)}")


def _wait(child: process.Child, signals: process.Signals, probe: SignalProbe | None) -> int:
    relay = SignalRelay(child, signals, probe)
    while child.poll() is None:
        relay.tick()
        signals.wait(relay.patience, *relay.descriptors)
    return child.status if child.status is not None else 1


def _reason(error: OSError) -> str:
    return "command not found" if error.errno == errno.ENOENT else (error.strerror or "cannot be executed").lower()


def _become(argv: Sequence[str]) -> int:
    """Replace this process with the command, without observing it."""
    import signal

    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these two
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(argv[0], list(argv))
    except OSError as error:
        say(f"cannot run {argv[0]}: {error.strerror}")
        return NOT_FOUND if error.errno in {errno.ENOENT, errno.ENOTDIR} else NOT_EXECUTABLE
