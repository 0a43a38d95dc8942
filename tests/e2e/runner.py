"""Runs a scenario with terraform or with tfevent in the same directory, and records all that can be compared."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.scenario import ANSWER_HERE, END, Edit, Run, Scenario
from tests.support import normalise
from tests.support.pty import PIPES, Session, Stdio
from tests.support.speed import PATIENT
from tests.support.terraform import Binary, clean_env, files_below, write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.pty import Result

    Drive = Callable[[Session], None]

_ROOT = Path(__file__).resolve().parents[2]
# what tfevent may leave behind: its journal, its key, and which terraform it has met
_JOURNAL = "journal.db"
_KEY = "fingerprint.key"
_VERSIONS = "terraform-versions"
_BACKUP = re.compile(r"\.\d{10}\.backup$")
_LOCK_INFO = """\
{"ID":"6e2a1c52-97d4-9e83-2b53-3a2f6a1c8e0d","Operation":"OperationTypeApply","Info":"","Who":"ops@build",\
"Version":"1.11.4","Created":"2026-01-02T03:04:05.678Z","Path":"terraform.tfstate"}"""


@dataclass(frozen=True)
class Record:
    """Everything that a run shows and leaves, ready to be compared as text.

    Attributes:
        parts: name → text: exit code, output of every step; every file left and its content.
        own: the lines that tfevent wrote itself.
        leftovers: files of tfevent outside the directory, other than those.
    """

    parts: dict[str, str]
    own: tuple[str, ...]
    leftovers: tuple[str, ...]


class Stage:
    """A place for one test: directory, home and TMPDIR at fixed paths, so that output may name them."""

    def __init__(self, folder: Path, binary: Binary) -> None:
        self.binary = binary
        self.code = folder / "code"
        self.home = folder / "home"
        self._prepared = folder / "prepared"

    def prepare(self, scenario: Scenario) -> None:
        """Bring about the situation with bare terraform; every later :meth:`play` starts from it."""
        self._fresh_home()
        write_files(self.code, scenario.files)
        for step in scenario.before:
            result = self.perform(step, [str(self.binary.path)], scenario, PIPES)
            if result is not None and result.code not in {0, 2}:
                raise AssertionError(f"{step}: {result}")
        shutil.copytree(self.code, self._prepared, symlinks=True)

    def play(self, scenario: Scenario, stdio: Stdio, subject: Sequence[str], drive: Drive | None = None) -> Record:
        """Run the steps with ``subject`` (the start of an argv) from the prepared situation.

        ``drive`` is what somebody does meanwhile; without it, the step's answers are given.
        """
        shutil.rmtree(self.code)
        shutil.copytree(self._prepared, self.code, symlinks=True)
        self._fresh_home()
        parts: dict[str, str] = {}
        own: list[str] = []
        with state_lock(self.code) if scenario.locked else contextlib.nullcontext():
            for number, step in enumerate(scenario.steps, 1):
                result = self.perform(step, subject, scenario, stdio, drive)
                if result is not None:
                    own += _record(parts, f"{number}: {getattr(step, 'line', '')}", result, scenario)
        parts |= self.contents(scenario)
        return Record(parts, tuple(own), self.leftovers())

    def _fresh_home(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def env(self, *extra: dict[str, str]) -> dict[str, str]:
        """The environment of every command."""
        merged = {"TFEVENT_TF_BINARY": str(self.binary.path), **PATIENT}
        for variables in extra:
            merged |= variables
        return clean_env(self.home, merged)

    def perform(
        self,
        step: Run | Edit,
        subject: Sequence[str],
        scenario: Scenario,
        stdio: Stdio,
        drive: Drive | None = None,
    ) -> Result | None:
        """Do one step; an edit has no result."""
        if isinstance(step, Edit):
            self._edit(step)
            return None
        folder = self.code / step.folder
        env = self.env(dict(scenario.env), dict(step.env))
        env["PWD"] = str(folder)
        with Session([*subject, *shlex.split(step.line)], cwd=folder, env=env, stdio=stdio) as session:
            if drive is None:
                _answer(session, step.answers, stdio)
            else:
                drive(session)
            return session.finish()

    def _edit(self, step: Edit) -> None:
        write_files(self.code, {name: text for name, text in step.files.items() if text is not None})
        for name, text in step.files.items():
            if text is None:
                (self.code / name).unlink()

    def contents(self, scenario: Scenario) -> dict[str, str]:
        """Every file in the directory: states compared as states, text as text, plans only by name."""
        found = {f"file {name}": _content(self.code / name, scenario) for name in sorted(files_below(self.code))}
        # terraform names the backups of its state commands after the second: two within one are one
        backups = {name for name in found if _BACKUP.search(name)}
        kept = {name: content for name, content in found.items() if name not in backups}
        return kept | {_BACKUP.sub(".<time>.backup", name): "(a state)\n" for name in backups}

    def leftovers(self) -> tuple[str, ...]:
        """What lies in home, state folder and TMPDIR beside what may stay."""
        below = sorted(files_below(self.home))
        return tuple(name for name in below if not Path(name).name.startswith((_JOURNAL, _KEY, _VERSIONS)))


def compares_terraform_with_itself() -> bool:
    """TFEVENT_E2E_SUBJECT=terraform: whether the suite finds equal equal, without tfevent."""
    return os.environ.get("TFEVENT_E2E_SUBJECT") == "terraform"


def subject(binary: Binary) -> list[str]:
    """The start of the argv that is compared with terraform's: tfevent's, as a rule."""
    return [str(binary.path)] if compares_terraform_with_itself() else [sys.executable, "-m", "tf_wrapper"]


@contextlib.contextmanager
def state_lock(folder: Path) -> Iterator[None]:
    """Hold the state as a terraform in the middle of its work does: a POSIX lock, and who has it beside it."""
    info = folder / ".terraform.tfstate.lock.info"
    info.write_text(_LOCK_INFO)
    with (folder / "terraform.tfstate").open("a") as state:
        fcntl.lockf(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
        info.unlink(missing_ok=True)  # while it is ours: a terraform that waits for it writes its own


def _answer(session: Session, answers: Sequence[str], stdio: Stdio) -> None:
    """On a terminal an answer is typed when it is asked for; a pipe holds them all from the start."""
    if stdio.columns:
        session.answer(ANSWER_HERE, answers, otherwise=END)
        return
    for answer in answers:
        session.type(answer.replace(END, ""))
    session.close_stdin()


def _record(parts: dict[str, str], step: str, result: Result, scenario: Scenario) -> list[str]:
    own: list[str] = []
    parts[f"{step} → exit code"] = f"{result.code}\n"
    for stream, output in (("stdout", result.stdout), ("stderr", result.stderr)):
        shown, lines = normalise.own_lines(normalise.text(output))
        shown = normalise.by_resource(shown) if scenario.concurrent else shown
        for pattern, replacement in scenario.masks:
            shown = re.sub(pattern, replacement, shown)
        parts[f"{step} → {stream}"] = shown
        own += lines
    return own


def _content(path: Path, scenario: Scenario) -> str:
    data = path.read_bytes()
    try:
        content = data.decode()
    except UnicodeDecodeError:
        return "(binary)\n"
    if ".tfstate" not in path.name:
        return normalise.mask(content)
    try:
        shown = normalise.state(content)
    except ValueError:
        return content
    # how often a state is saved on the way depends on how concurrent resources happen to meet
    return re.sub(r'"serial": \d+', '"serial": "<any>"', shown) if scenario.concurrent else shown


def differences(expected: Record, actual: Record) -> str:
    """A readable account of everything that differs; empty when nothing does."""
    names = [*expected.parts, *(name for name in actual.parts if name not in expected.parts)]
    found = [
        normalise.difference(expected.parts.get(name, ""), actual.parts.get(name, ""), name)
        if name in expected.parts and name in actual.parts
        else f"{name}: only {'terraform' if name in expected.parts else 'tfevent'} leaves it"
        for name in names
    ]
    return "\n\n".join(text for text in found if text)


def assert_equivalent(scenario: Scenario, stdio: Stdio, binary: Binary, folder: Path) -> None:
    """Play a scenario with the bare binary and with tfevent: what they show, leave and return is the same."""
    stage = Stage(folder, binary)
    stage.prepare(scenario)
    expected = stage.play(scenario, stdio, [str(binary.path)])
    actual = stage.play(scenario, stdio, subject(binary))
    found = differences(expected, actual)
    assert not found, f"\n{found}\n\nown lines: {actual.own}"
    assert not actual.leftovers
