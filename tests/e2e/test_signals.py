"""Interrupts, hang-ups and closed outputs: what they do to terraform, they do through tfevent."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.runner import Record, Stage, compares_terraform_with_itself, differences, subject
from tests.e2e.scenario import ANSWER_HERE, Scenario, main, run
from tests.support.pty import PIPES, TERMINAL, Session, Stdio
from tests.support.terraform import binaries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOCK_FILES = ("file .terraform.tfstate.lock.info", "file terraform.tfstate")
CTRL_C = "\x03"
CTRL_Z = "\x1a"
_ONE = 'resource "terraform_data" "a" {\n  input = "one"\n}\n'
_VARIABLE = 'variable "v" {\n}\nresource "terraform_data" "a" {\n  input = var.v\n}\n'
# an HTTP state that never answers: a plan, or an apply, that takes as long as the test wants
_SLOW_PLAN = """\
data "terraform_remote_state" "slow" {
  backend = "http"
  config  = { address = "http://127.0.0.1:PORT/" }
}
output "o" {
  value = data.terraform_remote_state.slow.outputs
}
"""
_SLOW_APPLY = """\
resource "terraform_data" "first" {
  input = "http://127.0.0.1:PORT/"
}
data "terraform_remote_state" "slow" {
  backend = "http"
  config  = { address = terraform_data.first.output }
}
resource "terraform_data" "next" {
  input = data.terraform_remote_state.slow.outputs
}
"""
_IMPORT = "import terraform_data.a given"
_REPLACE_PROVIDER = "state replace-provider terraform.io/builtin/terraform registry.terraform.io/x/y"
_STATE_RM = "state rm -lock-timeout=3s terraform_data.a"  # of a state that is locked: it waits for that long
# exec and the trap: the terminal's Ctrl-C must not end the program before terraform does
_PROVISIONER = """\
resource "terraform_data" "first" {
  input = 1
}
resource "terraform_data" "slow" {
  input = terraform_data.first.output
  provisioner "local-exec" {
    command = "trap '' INT TERM HUP; touch ready; exec sleep 60"
  }
}
resource "terraform_data" "next" {
  input = terraform_data.slow.id
}
"""


@dataclass
class Scene:
    """What a test can act upon: the running command, its directory, and the server that its code names."""

    session: Session
    folder: Path
    server: socket.socket
    connection: socket.socket | None = None

    def planning(self) -> None:
        """Wait until terraform is in the middle of something that has no end."""
        self.connection = self.session.expect_connection(self.server)
        self.session.expect("Reading...")

    def working(self) -> None:
        """Wait until the provisioner is at work, and shows it: a terminal throws away what it has not shown at ^C."""
        self.session.expect_file(self.folder / "ready")
        self.session.expect("Executing: [")

    def asking(self) -> None:
        """Wait until terraform asks for something."""
        self.session.expect(ANSWER_HERE)

    def locked_out(self) -> None:
        """Wait until terraform waits for a lock of the state."""
        self.session.expect("Acquiring state lock")

    def stopping(self) -> None:
        """Wait until it has said that it noticed the interrupt."""
        self.session.expect("Gracefully shutting down...")


def _type_ctrl_c(scene):
    scene.session.type(CTRL_C)


def _type_answer(scene):
    scene.session.type("typed\n")


def _send(number):
    return lambda scene: scene.session.signal(number)


def _close_output(scene):
    scene.session.close_output()


@dataclass(frozen=True)
class Case:
    """A situation, and what happens in it."""

    name: str
    code: str
    line: str
    acts: tuple[Callable[[Scene], None], ...]
    stdio: tuple[Stdio, ...] = (TERMINAL, PIPES)
    applied_before: bool = False
    deviation: str = ""  # why it may differ; not strict, since what bare terraform does there is a matter of luck
    locked: bool = False  # by somebody else
    tidier: bool = False  # broken off in its plan phase, terraform leaves a lock behind, and tfevent none


CASES = (
    Case("ctrl-c-at-approval", _ONE, "apply", (Scene.asking, _type_ctrl_c), (TERMINAL,)),
    Case(
        "ctrl-c-at-destroy-approval",
        _ONE,
        "apply -destroy",
        (Scene.asking, _type_ctrl_c),
        (TERMINAL,),
        applied_before=True,
    ),
    Case("ctrl-c-at-variable", _VARIABLE, "apply", (Scene.asking, _type_ctrl_c), (TERMINAL,)),
    Case("ctrl-c-at-variable-of-plan", _VARIABLE, "plan", (Scene.asking, _type_ctrl_c), (TERMINAL,)),
    Case(
        "ctrl-c-in-plan", _SLOW_PLAN, "plan", (Scene.planning, _type_ctrl_c, Scene.stopping, _type_ctrl_c), (TERMINAL,)
    ),
    Case(
        "ctrl-c-in-plan-of-apply",
        _SLOW_PLAN,
        "apply",
        (Scene.planning, _type_ctrl_c, Scene.stopping, _type_ctrl_c),
        (TERMINAL,),
        tidier=True,
    ),
    Case("ctrl-c-in-apply", _PROVISIONER, "apply -auto-approve", (Scene.working, _type_ctrl_c), (TERMINAL,)),
    Case(
        "ctrl-c-twice-in-apply",
        _SLOW_APPLY,
        "apply -auto-approve",
        (Scene.planning, _type_ctrl_c, Scene.stopping, _type_ctrl_c),
        (TERMINAL,),
    ),
    Case("interrupt-alone-in-apply", _PROVISIONER, "apply -auto-approve", (Scene.working, _send(signal.SIGINT))),
    Case(
        "interrupt-alone-twice",
        _SLOW_APPLY,
        "apply -auto-approve",
        (Scene.planning, _send(signal.SIGINT), Scene.stopping, _send(signal.SIGINT)),
    ),
    Case(
        "interrupt-alone-in-plan",
        _SLOW_PLAN,
        "plan",
        (Scene.planning, _send(signal.SIGINT), Scene.stopping, _send(signal.SIGINT)),
        (PIPES,),
    ),
    Case("terminate-in-apply", _PROVISIONER, "apply -auto-approve", (Scene.working, _send(signal.SIGTERM))),
    Case("terminate-at-approval", _ONE, "apply", (Scene.asking, _send(signal.SIGTERM)), (TERMINAL, PIPES)),
    # terraform notices, but goes on waiting for the value
    Case(
        "terminate-at-variable",
        _VARIABLE,
        "apply",
        (Scene.asking, _send(signal.SIGTERM), Scene.stopping, _type_answer),
        deviation="a plan that was asked to stop ends at once, an apply may print its plan before it does",
    ),
    Case("terminate-json", _PROVISIONER, "apply -json -auto-approve", (Scene.working, _send(signal.SIGTERM)), (PIPES,)),
    Case("hang-up-in-apply", _PROVISIONER, "apply -auto-approve", (Scene.working, _send(signal.SIGHUP))),
    Case("hang-up-at-approval", _ONE, "apply", (Scene.asking, _send(signal.SIGHUP)), (TERMINAL, PIPES), tidier=True),
    Case("hang-up-in-plan", _SLOW_PLAN, "plan", (Scene.planning, _send(signal.SIGHUP))),
    Case("ctrl-c-at-variable-of-import", _VARIABLE, _IMPORT, (Scene.asking, _type_ctrl_c), (TERMINAL,)),
    Case(
        "ctrl-c-at-question-of-replace-provider",
        _ONE,
        _REPLACE_PROVIDER,
        (Scene.asking, _type_ctrl_c),
        (TERMINAL,),
        applied_before=True,
    ),
    Case(
        "terminate-at-question-of-replace-provider",
        _ONE,
        _REPLACE_PROVIDER,
        (Scene.asking, _send(signal.SIGTERM), _type_answer),
        applied_before=True,
    ),
    Case(
        "ctrl-c-in-refresh",
        _SLOW_PLAN,
        "refresh",
        (Scene.planning, _type_ctrl_c, Scene.stopping, _type_ctrl_c),
        (TERMINAL,),
    ),
    Case(
        "interrupt-alone-in-refresh",
        _SLOW_PLAN,
        "refresh",
        (Scene.planning, _send(signal.SIGINT), Scene.stopping, _send(signal.SIGINT)),
    ),
    Case(
        "terminate-in-refresh",
        _SLOW_PLAN,
        "refresh",
        (Scene.planning, _send(signal.SIGTERM), Scene.stopping, _send(signal.SIGTERM)),
    ),
    Case("hang-up-in-refresh", _SLOW_PLAN, "refresh", (Scene.planning, _send(signal.SIGHUP))),
    Case(
        "ctrl-c-in-state-rm",
        _ONE,
        _STATE_RM,
        (Scene.locked_out, _type_ctrl_c),
        (TERMINAL,),
        applied_before=True,
        locked=True,
    ),
    *(
        Case(
            f"{name}-in-state-rm", _ONE, _STATE_RM, (Scene.locked_out, _send(number)), applied_before=True, locked=True
        )
        for name, number in (("interrupt", signal.SIGINT), ("terminate", signal.SIGTERM), ("hang-up", signal.SIGHUP))
    ),
    Case("nobody-reads", _ONE, "apply -auto-approve", (_close_output,), (PIPES,), tidier=True),
    Case("nobody-reads-plan", _ONE, "plan", (_close_output,), (PIPES,), tidier=True),
    Case("nobody-reads-json", _ONE, "apply -auto-approve -json", (_close_output,), (PIPES,)),
    Case("nobody-reads-question", _ONE, "apply", (_close_output,), (PIPES,), tidier=True),
)


# Notices come from a goroutine of their own: where they stand, and at a variable's prompt whether they are printed
# before terraform is gone, differs from run to run.
_NOTICES = re.compile(
    r"\n*(Interrupt received\.\nPlease wait for Terraform to exit or data loss may occur\.\n"
    r"Gracefully shutting down\.\.\.|Stopping operation\.\.\.|"
    r"Two interrupts received\. Exiting immediately\. Note that data loss may have\noccurred\.)\n*"
)


# how long it waits depends on when which signal arrives
_STILL = re.compile(r"[^\n]*: Still [^\n]*\n")


def _settled(record: Record, case: Case) -> Record:
    """The record with the notices in front of each output, or without them where they are a matter of luck."""
    parts = dict(record.parts)
    for name, text in record.parts.items():
        if name.endswith("stdout"):
            notices, rest = _json_apart(text) if text.startswith("{") else _apart(text)
            if case.name.startswith("ctrl-c-at-"):
                # bare terraform hears of Ctrl-C twice at its question; which one it reports is a matter of luck
                rest = rest.replace("approval: context canceled", "approval: interrupted")
            parts[name] = rest if case.name.startswith("ctrl-c-at-") else "".join(notices) + rest
    return replace(record, parts=parts)


def _apart(text: str) -> tuple[list[str], str]:
    """The notices that are no matter of luck, and the text without any, without blank lines and without waiting."""
    notices = sorted(f"{notice}\n" for notice in _NOTICES.findall(text) if not notice.startswith("Stopping"))
    text = text.replace("^C", "")  # the terminal's own echo: it stands wherever the output had got to
    rest = _STILL.sub("", re.sub(r"\n{2,}", "\n", _NOTICES.sub("\n", text)))
    return notices, rest.lstrip("\n")


def _json_apart(text: str) -> tuple[list[str], str]:
    lines = text.splitlines(keepends=True)
    notices = sorted(line for line in lines if '"type":"log"' in line)
    return notices, "".join(line for line in lines if '"type":"log"' not in line)


def _drive(case: Case, stage: Stage, server: socket.socket, left: list[str]):
    def drive(session: Session) -> None:
        scene = Scene(session, stage.code, server)
        try:
            for act in case.acts:
                act(scene)
            session.finish()
        finally:
            if scene.connection is not None:
                scene.connection.close()
        left.extend(name for name in session.left() if name == "terraform")

    return drive


@pytest.mark.parametrize("binary", binaries(), ids=str)
@pytest.mark.parametrize(
    ("case", "stdio"),
    [
        pytest.param(
            case,
            stdio,
            id=f"{case.name}-{stdio.name}",
            marks=[pytest.mark.xfail(reason=case.deviation, strict=False)]
            if case.deviation and not compares_terraform_with_itself()
            else [],
        )
        for case in CASES
        for stdio in case.stdio
    ],
)
@pytest.mark.e2e
@pytest.mark.races
def test_a_signal_has_the_effect_that_it_has_on_terraform(case, stdio, binary, tmp_path):
    stage, left = Stage(tmp_path, binary), []
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = main(case.code.replace("PORT", str(server.getsockname()[1])))
        before = (run("apply -auto-approve"),) if case.applied_before else ()
        scenario = Scenario(case.name, code, (run(case.line),), before, locked=case.locked)
        stage.prepare(scenario)
        drive = _drive(case, stage, server, left)
        expected = _settled(stage.play(scenario, stdio, [str(binary.path)], drive), case)
        left.clear()
        actual = _settled(stage.play(scenario, stdio, subject(binary), drive), case)
    if case.tidier:
        expected = replace(expected, parts={k: v for k, v in expected.parts.items() if k not in _LOCK_FILES})
    found = differences(expected, actual)
    assert not found, f"\n{found}\n\nown lines: {actual.own}"
    assert not left, "terraform was orphaned"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with job control")
@pytest.mark.e2e
@pytest.mark.timeout(180)  # a key typed at the wrong moment is lost, and nobody would type it again
@pytest.mark.races
def test_ctrl_z_and_fg_work_at_the_question_and_in_apply(tmp_path):
    binary = binaries()[0]
    stage = Stage(tmp_path, binary)
    stage.prepare(Scenario("job-control", main(_PROVISIONER.replace("exec sleep 60", "sleep 0.3")), ()))
    env = {**stage.env(), "PS1": "> "}
    with Session(["bash", "--norc", "--noprofile", "-i"], cwd=stage.code, env=env, stdio=TERMINAL) as shell:
        shell.type(shlex.join([*subject(binary), "apply"]) + "; echo rc=$?\n")
        shell.expect(ANSWER_HERE)
        shell.type(CTRL_Z)
        shell.expect("Stopped")
        shell.expect("> ")  # before its prompt the shell throws away what was typed
        shell.type("fg\n")
        shell.expect("apply")
        shell.type("yes\n")
        shell.expect_file(stage.code / "ready")
        shell.type(CTRL_Z)
        shell.expect("Stopped")
        shell.expect("> ")
        shell.type("fg; echo rc=$?\n")
        shell.expect("Apply complete! Resources: 3 added")
        shell.expect("rc=0")
        shell.type("exit\n")
        assert shell.finish().code == 0
