"""What `tfevent apply` opens, lists, starts and connects to is what docs/reference/beside-terraform.md says."""

import ast
import fnmatch
import os
import re
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from change_events.files import rundir
from tests.support.live import ROOT, Stack
from tests.support.receiver import Receiver
from tests.support.speed import HANG
from tests.support.terraform import binaries, write_files

PAGE = ROOT / "docs" / "reference" / "beside-terraform.md"
AUDITED = ROOT / "tests" / "support" / "audited"
FILES = {
    "main.tf": 'variable "size" {}\nmodule "child" {\n  source = "./child"\n  size   = var.size\n}\n',
    "child/main.tf": 'variable "size" {}\nresource "terraform_data" "a" {\n  input = var.size\n}\n',
    "terraform.tfvars": "size = 3\n",
    "notes.txt": "nothing of terraform's\n",
    ".env": "TOKEN=hunter2\n",
    "tfevent.yaml": "environment: prod\n",
}
STARTS = {"os.posix_spawn", "subprocess.Popen", "os.exec", "os.spawn", "os.system", "os.fork", "os.forkpty"}


def documented(heading: str) -> list[str]:
    """The words in code font of the first column of the table under a heading of the page."""
    section = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """One apply of a module in a repository with settings, variables and a destination: what it did, and where."""
    folder = tmp_path_factory.mktemp("audited")
    stack = Stack(folder, "")
    write_files(stack.code, FILES)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all", "--no-gpg-sign"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=stack.code, check=True)
    assert stack.terraform("init").code == 0
    log = folder / "log"
    with Receiver() as receiver:
        env = {
            **stack.env,
            "AUDIT_LOG": str(log),
            "PYTHONPATH": os.pathsep.join([str(AUDITED), str(ROOT)]),
            "TFEVENT_WEBHOOK_URL": f"{receiver.url}/in",
        }
        argv = [sys.executable, "-P", "-m", "tf_wrapper", "apply", "-auto-approve"]
        done = subprocess.run(argv, cwd=stack.code, env=env, capture_output=True, timeout=HANG, check=False)
        assert done.returncode == 0, done.stderr
        assert len(receiver.accepted) == 1, done.stderr
    lines = log.read_text().splitlines()
    return stack, receiver, [ast.literal_eval(line) for line in lines]


def pythons_own() -> list[str]:
    """Folders of the interpreter and of what is installed for it, this project's code included."""
    paths = {*sysconfig.get_paths().values(), *site.getsitepackages(), sys.prefix, sys.base_prefix, sys.exec_prefix}
    own = [str(ROOT / name) for name in ("change_events", "tf_wrapper", "tests/support/audited")]
    return [*(os.path.realpath(path) for path in paths), *own]


def names(stack: Stack) -> dict[str, str]:
    """What the words in angle brackets of the page stand for in this run."""
    return {
        "<directory>": str(stack.code),
        "<settings>": str(stack.home / ".config/tfevent"),
        "<state>": str(stack.state),
        "<temporary>": str(stack.home / "tmp"),
        "<terraform>": str(binaries()[0].path),
        "<uid>": str(os.getuid()),
        "<thread>": "*",
    }


def allowed_paths(stack: Stack) -> list[str]:
    found = documented("Files and folders")
    assert len(found) > 8, "the table has been read"
    for name, path in names(stack).items():
        found = [pattern.replace(name, path) for pattern in found]
    return found


def opened(seen) -> set[str]:
    """Paths that were opened or listed, but for Python's own; folders end in a slash."""
    stack, _, events = seen
    looks = {"open", "os.listdir", "os.scandir"}
    paths = {os.fsdecode(about) for event, about, _ in events if event in looks and isinstance(about, str | bytes)}
    # by a descriptor of a run's folder, or of where it lies: such a name is relative
    of_runs = {*rundir.FILES, "runs", f"tfevent-{os.getuid()}"}
    paths = {path for path in paths if path not in of_runs and not rundir.is_id(path.removeprefix(".new-"))}
    absolute = {os.path.join(stack.code, path) for path in paths}
    found = {path for path in absolute if not is_below(path, pythons_own()) and path not in {*sys.path, str(ROOT)}}
    return {f"{path}/" if os.path.isdir(path) else path for path in found}


def is_below(path: str, places: list[str]) -> bool:
    real = os.path.realpath(path)
    return any(real == place or real.startswith(f"{place}{os.sep}") for place in places)


def test_what_is_opened_is_documented(seen):
    allowed = allowed_paths(seen[0])
    assert [path for path in sorted(opened(seen)) if not any(fnmatch.fnmatch(path, form) for form in allowed)] == []


def test_what_the_page_says_of_a_directory_is_true(seen):
    """The test sees what is opened at all, and what is none of ours is left alone."""
    stack = seen[0]
    assert {str(stack.code / name) for name in ("main.tf", "terraform.tfvars", "tfevent.yaml")} <= opened(seen)
    assert not {str(stack.code / name) for name in ("notes.txt", ".env", "terraform.tfstate")} & opened(seen)


def test_what_is_started_is_documented(seen):
    started = {Path(os.fsdecode(about)).name for event, about, _ in seen[2] if event in STARTS}
    assert started == set(documented("Commands")) & started
    assert {"terraform", "git"} <= started


def test_what_is_connected_to_is_the_destination(seen):
    _, receiver, events = seen
    addresses = {about for event, about, _ in events if event == "socket.connect"}
    assert {about[:2] for about in addresses} == {("127.0.0.1", int(receiver.url.rpartition(":")[2]))}
