"""Observes one command, from before terraform starts until the event is delivered.

A failure costs one line on stderr: before terraform has started it is exec'd instead, afterwards only its exit code
counts.
"""

from __future__ import annotations

import os
import signal

from change_events import process
from change_events.files.rundir import create
from change_events.output import describe, while_blocked
from tf_wrapper.launch import arguments, environment
from tf_wrapper.launch.binary import execute
from tf_wrapper.launch.output import OutputClosedError, say
from tf_wrapper.modes.choice import Situation, choose
from tf_wrapper.subcommands import EXEC, NATIVE, OBSERVED, STATE

TYPE_CHECKING = False  # not imported: typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from typing import Any

    from change_events.files.rundir import RunDirectory
    from tf_wrapper.launch.identity import Identity
    from tf_wrapper.record.recorder import Recorder


class Invocation:
    """The facts shared by all modes.

    Attributes:
        binary: path of terraform.
        argv: the user's arguments.
        word: the subcommand.
        subcommand: its row in the table.
        parsed: the parsed arguments; None if they are not understood.
        state: parsed arguments of a state command; None for other commands.
        workspace: the directory of the run.
        run: the run's folder.
        signals: the active handlers.
        environ: base of terraform's environment (the user's, with tfevent's trace).
        identity: the identified terraform; None if unknown.
        recorder: writes the event, beside the run.
    """

    def __init__(self, binary: str, argv: list[str], situation: Situation, signals: process.Signals) -> None:
        self.binary = binary
        self.argv = argv
        self.word = situation.word
        self.subcommand = situation.subcommand
        self.parsed = situation.parsed if situation.is_understood else None
        self.state = situation.state
        self.signals = signals
        self.workspace = situation.workspace
        self.run: RunDirectory
        self.environ: dict[str, str] = {}
        self.identity: Identity | None = None
        self._recorder: Recorder | None = None

    @property
    def recorder(self) -> Recorder:
        """Created on first use, after terraform has started, since its import is expensive."""
        if self._recorder is None:
            from tf_wrapper.record.recorder import Recorder

            self._recorder = Recorder(self.run, self.signals)
        return self._recorder

    def command(self, *words: str) -> list[str]:
        """Return the arguments of a terraform command with the user's global options."""
        return [self.binary, *(self.parsed.globals if self.parsed else ()), *words]


def observe(binary: str, word: str, argv: list[str]) -> int:
    """Run an observed command and return its exit code; may replace the process instead."""
    process.open_missing_descriptors()
    try:
        situation = _situation(binary, word, argv)
        rule = choose(situation)
        mode = rule.mode_of(situation)
    except Exception as error:  # noqa: BLE001 - nothing of ours may stand before a run
        say(f"this run is not recorded: {type(error).__name__} before it started")
        return execute(binary, argv)
    if mode == EXEC:
        if rule.notice:
            say(rule.notice)
        return execute(binary, argv)
    with process.Signals() as signals:
        while_blocked(process.give_up(signals))
        invocation = Invocation(binary, argv, situation, signals)
        if not _prepare(invocation):
            say("this run is not recorded: no folder for it can be written (home, TMPDIR and /dev/shm were tried)")
            return execute(binary, argv)
        if mode not in {NATIVE, STATE}:
            mode = _known_mode(mode, invocation)
        if signals.received:  # terraform would have died of it, or have stopped before it began
            invocation.run.remove()
            code = -signals.received[0]
        elif mode == EXEC:
            invocation.run.remove()
            return execute(binary, argv)
        else:
            code = _run(mode, invocation)
    return process.end_as(code)


def _situation(binary: str, word: str, argv: list[str]) -> Situation:
    from tf_wrapper.launch.workspace import Workspace

    if OBSERVED[word].mode == STATE:
        from tf_wrapper.launch.state_arguments import StateArguments

        state = StateArguments(word, argv, os.environ)
        return Situation(word, None, Workspace(state.chdir, os.environ, tofu=_is_tofu(binary)), os.environ, state)
    parsed = arguments.parse(argv, os.environ)
    workspace = Workspace(parsed.chdir if parsed else None, os.environ, tofu=_is_tofu(binary))
    return Situation(word, parsed, workspace, os.environ)


def _known_mode(mode: str, invocation: Invocation) -> str:
    """Return the chosen mode, if this terraform is known to support it."""
    from change_events.paths import state_dir
    from tf_wrapper.launch import identity
    from tf_wrapper.plan import plan_file

    try:
        known = identity.identify(invocation.binary, invocation.run.path, state_dir(), os.environ, invocation.signals)
    except Exception as error:  # noqa: BLE001 - any bug of ours
        say(f"cannot identify terraform: {describe(error)}")
        known = None
    invocation.identity = known
    if known is not None and plan_file.streams_applies(known.version):
        return mode
    return invocation.subcommand.fallback


def _run(mode: str, invocation: Invocation) -> int:
    """Run the command; a bug in tfevent neither ends terraform nor keeps it from running."""
    try:
        return int(_module(mode).run(invocation))
    except OutputClosedError:
        code = process.finish_running(invocation.signals)
        return -signal.SIGPIPE if code is None or code >= 0 else code
    except Exception as error:  # noqa: BLE001 - any bug of ours
        say(f"this run is recorded incompletely: {describe(error)}")
        code = process.finish_running(invocation.signals)
        if invocation.run.facts.get("stage") in {"planning", "planned"} and invocation.run.facts["phase"] == "applied":
            return execute(invocation.binary, invocation.argv)  # nothing is applied yet: step aside
        return 1 if code is None else code


def _is_tofu(binary: str) -> bool | None:
    return os.path.basename(binary).startswith("tofu") or None  # a link named terraform may lead to it as well


def _module(mode: str) -> Any:
    import importlib

    return importlib.import_module(f"tf_wrapper.modes.{mode}")


def _prepare(invocation: Invocation) -> bool:
    from change_events.paths import state_dir

    facts = environment.new_facts(invocation.binary, invocation.word, invocation.argv, os.environ)
    understood = invocation.state or invocation.parsed
    facts["globals"] = list(understood.globals) if understood else []
    facts["directory"] = invocation.workspace.directory
    facts["phase"] = invocation.subcommand.phase
    facts["workspace"] = invocation.workspace.name
    facts["selected"] = {name: os.environ[name] for name in ("TF_DATA_DIR", "TF_WORKSPACE") if name in os.environ}
    facts["destroy"] = invocation.subcommand.destroys or bool(invocation.parsed and invocation.parsed.destroys)
    run = create(state_dir(), str(facts["id"]))
    if run is None:
        return False
    invocation.run = run
    invocation.environ = environment.child_environment(os.environ, facts)
    try:
        run.write_facts(**facts)
    except OSError:
        run.remove()
        return False
    return True
