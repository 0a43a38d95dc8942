"""The renderer against terraform's own human view: the same plan, applied twice from identical copies."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess

import pytest

from tests.support.normalise import difference, mask
from tests.support.pty import PIPES, Session, Stdio
from tests.support.terraform import binaries, clean_env, write_files
from tests.tf_wrapper.human_cases import CASES
from tf_wrapper.render import HumanRenderer

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not binaries(), reason="no terraform here"),
]
TERMINALS = (Stdio("80", columns=80), Stdio("120", columns=120), Stdio("40", columns=40))
MODULE = 'resource "terraform_data" "in" { count = 1 }\noutput "x" { value = length(terraform_data.in) }\n'


class Bench:
    """One directory in which a case has been planned, to be copied and applied."""

    def __init__(self, case, binary, folder) -> None:
        self.case, self.binary, self.folder = case, binary, folder
        self.env = clean_env(folder / "home")
        self.work = folder / "work"
        write_files(self.work, {"main.tf": case.steps[0] if case.steps else case.files, "m/m.tf": MODULE})
        self.run("init")
        for step in case.steps:
            write_files(self.work, {"main.tf": step})
            self.run("apply", "-auto-approve")
        write_files(self.work, {"main.tf": case.files})
        self.run("plan", "-out=saved", *case.plan)
        if case.twice:
            self.run("apply", "saved")

    def run(self, *words) -> None:
        done = subprocess.run([self.binary.path, *words], cwd=self.work, env=self.env, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()

    def copy(self, name):
        return shutil.copytree(self.work, self.folder / name / "work", symlinks=True)

    def native(self, stdio):
        argv = [str(self.binary.path), "apply", *self.case.apply, "saved"]
        with Session(argv, cwd=self.copy(f"native-{stdio.name}"), env=self.env, stdio=stdio) as session:
            return session.finish()

    def stream(self, name="stream") -> bytes:
        argv = [self.binary.path, "apply", "-json", *self.case.apply, "saved"]
        return subprocess.run(argv, cwd=self.copy(name), env=self.env, capture_output=True, check=False).stdout

    def rendered(self, stream, columns, *, merged):
        out, err = [], []
        renderer = HumanRenderer(
            out=out.append,
            err=(out if merged else err).append,
            color=self.case.color,
            columns=columns,
            err_columns=columns,
            compact_warnings=self.case.compact,
            state_out=self.case.state_out,
            imports=dict(self.case.imports),
        )
        for line in stream.splitlines(keepends=True):
            renderer.feed(line)
        renderer.finish()
        return "".join(out), "".join(err)


@pytest.fixture(params=[(case, binary) for case in CASES for binary in binaries()], ids=lambda p: f"{p[0].name}-{p[1]}")
def bench(request, tmp_path):
    return Bench(*request.param, tmp_path)


def test_it_prints_what_terraform_prints(bench):
    stream = bench.stream()
    native = bench.native(PIPES)
    assert native.code == bench.case.exit_code, native.stderr.decode()
    out, err = bench.rendered(stream, 78, merged=False)
    assert difference(comparable(native.stdout), comparable(out), "stdout") == ""
    assert difference(comparable(native.stderr), comparable(err), "stderr") == ""
    for terminal in TERMINALS:
        native = bench.native(terminal)
        out, _ = bench.rendered(stream, terminal.columns, merged=True)
        assert difference(comparable(native.stdout), comparable(out), f"{terminal.columns} columns") == ""


def comparable(text) -> str:
    """Without ids, times, and the scheduler's choice of order between resources."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    text = re.sub(r" \(deposed object [0-9a-f]{8}\)", " (deposed object)", text)  # the stream has no key
    return ordered(mask(text))


def ordered(text: str) -> str:
    """What the graph's order decides, sorted: lines of different resources, diagnostics of equal rank."""
    lines = text.splitlines(keepends=True)
    runs = itertools.groupby(lines, key=lambda line: bool(address_of(line)))
    text = "".join(line for of_hook, run in runs for line in (sorted(run, key=address_of) if of_hook else run))
    return BOXES.sub(lambda match: "".join(sorted(re.split(rf"(?<={END})", match[0]))), text)


END = "╵\x1b\\[0m\x1b\\[0m\n"
BOXES = re.compile(rf"(?:\x1b\[3[13]m╷(?:.|\n)*?{END})+")
HOOK = re.compile(
    r"(?:\x1b\[\d+m)*(?P<address>.+?)(?: \(deposed object\))?(?:: | \(local-exec\):)(?:\x1b\[0m)? ?"
    r"(?=Creat|Modif|Destr|Read|Refresh|Still|Prov|Prep|Import|\x1b|[a-zE].*)"
)


def address_of(line: str) -> str:
    match = HOOK.match(line) if "terraform_data." in line or "data." in line else None
    return match["address"] if match else ""
