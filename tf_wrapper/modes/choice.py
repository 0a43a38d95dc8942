"""One observed command, from before terraform starts to after the event is on its way.

Whatever goes wrong in here costs one line on stderr: before terraform has started we step aside and exec it,
afterwards its exit code is the only thing that counts.
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

TYPE_CHECKING = False  # spelled out: importing typing costs 10 ms before terraform starts
if TYPE_CHECKING:
    from typing import Any

    from change_events.files.rundir import RunDirectory
    from tf_wrapper.launch.arguments import Parsed
    from tf_wrapper.launch.identity import Identity
    from tf_wrapper.launch.workspace import Workspace
    from tf_wrapper.record.recorder import Recorder


class Invocation:
    """Everything that the ways of observing share.

    Attributes:
        binary: path of terraform.
        argv: the user's own arguments.
        parsed: the same, understood; None where they are not.
        workspace: the directory the run is about.
        run: the run's folder.
        signals: the active handlers.
        environ: what terraform's environment is made from (the user's, with our trace).
        identity: which terraform it is; None where that is not known.
        recorder: what writes the event, beside the run.
    """

    def __init__(self, binary: str, argv: list[str], parsed: Parsed | None, signals: process.Signals) -> None:
        from tf_wrapper.launch.workspace import Workspace

        self.binary = binary
        self.argv = argv
        self.parsed = parsed
        self.signals = signals
        self.workspace: Workspace = Workspace(parsed.chdir if parsed else None, os.environ, tofu=_is_tofu(binary))
        self.run: RunDirectory
        self.environ: dict[str, str] = {}
        self.identity: Identity | None = None
        self._recorder: Recorder | None = None

    @property
    def recorder(self) -> Recorder:
        """Made on first use, which is after terraform has started: importing it costs."""
        if self._recorder is None:
            from tf_wrapper.record.recorder import Recorder

            self._recorder = Recorder(self.run, self.signals)
        return self._recorder

    def command(self, *words: str) -> list[str]:
        """Words of a terraform command with the user's global options."""
        return [self.binary, *(self.parsed.globals if self.parsed else ()), *words]


def observe(binary: str, word: str, argv: list[str]) -> int:
    """Run an observed command and return the exit code to end with; may replace the process instead."""
    process.open_missing_descriptors()
    try:
        parsed = arguments.parse(argv, os.environ)
        way = (
            "exec"
            if parsed is None and arguments.asks_for_help(word, os.environ)
            else choose(word, parsed, tofu=_is_tofu(binary))
        )
    except Exception as error:  # noqa: BLE001 - nothing of ours may stand before a run
        say(f"this run is not recorded: {type(error).__name__} before it started")
        way = "exec"
    if way == "exec":
        return execute(binary, argv)
    with process.Signals() as signals:
        while_blocked(process.give_up(signals))
        invocation = Invocation(binary, argv, parsed, signals)
        if not _prepare(invocation, word):
            say("this run is not recorded: no folder for it can be written (home, TMPDIR and /dev/shm were tried)")
            return execute(binary, argv)
        if way != "native":
            way = _known_way(way, invocation)
        if signals.received:  # terraform would have died of it, or have stopped before it began
            invocation.run.remove()
            code = -signals.received[0]
        elif way == "exec":
            invocation.run.remove()
            return execute(binary, argv)
        else:
            code = _run(way, invocation)
    return process.end_as(code)


def _known_way(way: str, invocation: Invocation) -> str:
    """The way that was chosen, if this terraform is known to be fit for it."""
    from change_events.paths import state_dir
    from tf_wrapper.launch import identity
    from tf_wrapper.plan import file as plan_file

    try:
        known = identity.identify(invocation.binary, invocation.run.path, state_dir(), os.environ, invocation.signals)
    except Exception as error:  # noqa: BLE001 - any bug of ours
        say(f"cannot identify terraform: {describe(error)}")
        known = None
    invocation.identity = known
    if known is not None and plan_file.streams_applies(known.version):
        return way
    return "exec" if way == "plan" else "native"


def _run(way: str, invocation: Invocation) -> int:
    """Run it; a bug of ours on the way neither ends terraform nor keeps it from its work."""
    try:
        return int(_module(way).run(invocation))
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


def choose(word: str, parsed: Parsed | None, *, tofu: bool | None = None) -> str:  # noqa: PLR0911 - first match wins
    """How to run it: ``plan``, ``apply`` (by a saved plan), ``native`` (from its states) or ``exec`` (not at all)."""
    if parsed is None:
        return "native"
    from tf_wrapper.launch.workspace import Workspace

    workspace = Workspace(parsed.chdir, os.environ, tofu=tofu)
    if workspace.has_piped_inputs:
        return _beside_pipes(word)
    if parsed.positional and not _is_plan(os.path.join(workspace.directory, parsed.positional[0])):
        return "native" if _is_bookmark(os.path.join(workspace.directory, parsed.positional[0])) else "exec"
    if parsed.subcommand != "plan" and parsed.flag("json") and not (parsed.positional or parsed.flag("auto-approve")):
        return "exec"
    if not parsed.positional and not parsed.destroys and not workspace.has_configuration:
        return "exec"
    if any(not os.path.exists(os.path.join(workspace.directory, name)) for name in parsed.values("var-file")):
        return "exec"  # plan and apply answer it differently
    if not parsed.positional and workspace.runs_remotely:
        return "native" if word != "plan" else "exec"
    if word == "plan":
        return "plan"
    return "native" if _needs_one_terraform(workspace, parsed) else "apply"


def _beside_pipes(word: str) -> str:
    """Terraform reads a pipe by itself, which a second terraform would find empty, or wait for."""
    if word == "plan":
        say("this plan is not recorded: terraform reads a pipe in this directory, which can be read only once")
        return "exec"
    return "native"


def _needs_one_terraform(workspace: Workspace, parsed: Parsed) -> bool:
    """Whether plan and apply must be one process: what both need is given once, by a pipe or at a prompt."""
    if workspace.has_piped_variables(parsed) and (parsed.positional or workspace.may_have_ephemeral()):
        return True
    asks = not parsed.positional and parsed.flag("input", default=True)
    return asks and workspace.may_ask_for_ephemeral(parsed)


def _is_plan(path: str) -> bool:
    from tf_wrapper.plan.file import is_plan_file

    return is_plan_file(path)


def _is_bookmark(path: str) -> bool:
    from tf_wrapper.plan.file import is_bookmark

    return is_bookmark(path)


def _module(way: str) -> Any:
    import importlib

    return importlib.import_module(f"tf_wrapper.modes.{way}")


def _prepare(invocation: Invocation, word: str) -> bool:
    from change_events.paths import state_dir

    facts = environment.new_facts(invocation.binary, word, invocation.argv, os.environ)
    facts["globals"] = list(invocation.parsed.globals) if invocation.parsed else []
    facts["directory"] = invocation.workspace.directory
    facts["phase"] = "planned" if word == "plan" else "applied"
    facts["workspace"] = invocation.workspace.name
    facts["selected"] = {name: os.environ[name] for name in ("TF_DATA_DIR", "TF_WORKSPACE") if name in os.environ}
    facts["destroy"] = word == "destroy" or bool(invocation.parsed and invocation.parsed.destroys)
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
