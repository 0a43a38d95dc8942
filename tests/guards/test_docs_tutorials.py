"""Tutorials, and guides like them, are true: files are written, commands run in order, what they print is compared.

A block with a ``title`` is a file, one of ``sh`` is run, one of ``console`` is run and compared.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
import pytest

from tests.examples.pages import masked
from tests.support.pty import Session, Stdio
from tests.support.scene import Scene
from tests.support.speed import HANG
from tests.support.terraform import binaries

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
HOW_TO = ROOT / "docs" / "how-to"
PAGES = (*TUTORIALS, HOW_TO / "state-commands.md", HOW_TO / "many-stacks.md")
BLOCK = re.compile(r'^```(?P<language>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<body>.*?)^```$', re.MULTILINE | re.DOTALL)
SCREEN = Stdio("page", columns=110)
# What differs from run to run beyond what the pages of the examples show.
MASKS = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(?!:)", "2026-11-29 12:00"),
    (r"\b\d\d-\d\d \d\d:\d\d \((just now|\d+ min ago)\) +", "11-29 12:00 (just now)  "),
    (r"(?m)^ID +WHEN +", "ID             WHEN                    "),
    (r"\(terraform \d+\.\d+\.\d+, tfevent [^)]+\)", "(terraform 1.11.4, tfevent 0.1.0)"),
    (r"(?m)^terraform \d+\.\d+\.\d+$", "terraform 1.11.4"),
    (r"\(ansible \d+\.\d+\.\d+, tfevent [^)]+\)", "(ansible 2.19.0, tfevent 0.1.0)"),
    (r"\b\d+(\.\d+)? s\b", "0.2 s"),
    (r"(?<= after )\d+s\b", "0s"),
    (r"\[([0-9a-f-]{36})\]", "[019ab0f1-5e00-7aaa-8bbb-000000000001]"),
)


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path, NO_COLOR="1", ANSIBLE_NOCOLOR="1", ANSIBLE_HOME=str(tmp_path / "ansible"))
    made.environ["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / "tests" / "collections")
    tools = tmp_path / "bin"
    for name in ("ansible-playbook", "python"):
        (tools / name).symlink_to(Path(sys.executable).with_name(name))
    made.environ["TFEVENT_TF_BINARY"] = str(binaries()[0].path)
    made.script(tools / "terragrunt", f'exec {sys.executable} {ROOT / "tests" / "support" / "terragrunt.py"} "$@"')
    return made


def shell(scene, line):
    """What a terminal shows of a line of shell, without colours."""
    with Session(["sh", "-c", line], cwd=scene.work, env=scene.environ, stdio=SCREEN) as session:
        return click.unstyle(session.finish().stdout.decode().replace("\r\n", "\n"))


def stable(text, scene):
    text = masked(text, scene)
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text)
    # hosts answer in any order
    return re.sub(r"(?m)(^changed: \[.+\n)+", lambda found: "".join(sorted(found[0].splitlines(keepends=True))), text)


def play(scene, block):
    """One block of a page as it really looks."""
    if block["file"]:
        path = scene.work / block["file"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(block["body"])
    elif block["language"] == "sh":
        shell(scene, f"set -e; {block['body']}")
    elif block["language"] == "console":
        lines = [line[2:] for line in block["body"].splitlines() if line.startswith("$ ")]
        assert lines
        shown = "".join(f"$ {line}\n{stable(shell(scene, line), scene)}" for line in lines)
        return f"```console\n{shown}```"
    return block[0]


@pytest.mark.ansible
@pytest.mark.timeout(HANG * 3)
@pytest.mark.skipif(not binaries(), reason="no terraform is here")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_is_true(page, scene, request):
    text = page.read_text()
    real = BLOCK.sub(lambda block: play(scene, block), text)
    if request.config.getoption("--update-golden"):
        page.write_text(real)
    else:
        assert real == text, f"{page.name} shows what is no longer printed: pytest --update-golden"


def test_there_are_the_three_tutorials():
    assert [page.stem for page in TUTORIALS] == ["first-apply", "first-deployment", "first-playbook"]
