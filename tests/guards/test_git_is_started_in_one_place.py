"""git is started by one function, which keeps a repository's own programs from running."""

import ast
import os
import subprocess
import time
from pathlib import Path

import pytest

from change_events.context import git_command

ROOT = Path(__file__).parents[2]
STARTER = "change_events/context/git_command.py"


def starts_git(tree):
    """Lines where a command of git is put together: a list, a tuple, a call's first word, a shell's text."""
    for node in ast.walk(tree):
        words = (
            node.elts if isinstance(node, (ast.List, ast.Tuple)) else node.args if isinstance(node, ast.Call) else []
        )
        first = words[0] if words else None
        if isinstance(first, ast.JoinedStr):
            first = first.values[0] if first.values else None
        if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
            continue
        name = first.value.split(" ")[0]
        if os.path.basename(name) == "git" and (name == first.value or isinstance(node, ast.Call)):
            yield node.lineno


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('run(["git", "log"])', True),
        ('Popen(("/usr/bin/git", *words))', True),
        ('os.system("git log")', True),
        ('run(f"git log {x}", shell=True)', True),
        ('shutil.which("git")', True),
        ('execvp("git", words)', True),
        ('{"git", "ssh"}', False),
        ('say("github")', False),
    ],
)
def test_the_guard_sees(code, found):
    assert bool(list(starts_git(ast.parse(code)))) is found


def test_git_is_started_nowhere_else():
    found = {
        str(path.relative_to(ROOT)): lines
        for folder in ("change_events", "tf_wrapper", "ansible_collection")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := list(starts_git(ast.parse(path.read_text()))))
    }
    assert list(found) == [STARTER], found


def test_the_function_is_called_by_nobody_but_ask():
    tree = ast.parse((ROOT / STARTER).read_text())
    calls = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_start"
    ]
    assert len(calls) == 1


def test_what_every_call_gets(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()  # no git is started where there is no repository
    script = tmp_path / "git"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nenv\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    hostile = {
        "PATH": os.environ["PATH"],
        "GIT_DIR": "/x",
        "GIT_EXTERNAL_DIFF": "/x",
        "GIT_SSH_COMMAND": "/x",
        "GIT_ASKPASS": "/x",
    }
    answer = git_command.ask({"q": ("log",)}, tmp_path, hostile, time.monotonic() + 60)["q"]
    for expected in (
        "--no-pager", "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.sshCommand=false", "core.pager=cat",
        "credential.helper=", "log.showSignature=false", "gpg.program=false", "protocol.allow=never",
        "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1",
    ):  # fmt: skip
        assert expected in answer.splitlines()
    assert "=/x" not in answer


def test_empty_values_are_taken_as_off_by_git_itself(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    answers = git_command.ask({"status": ("status", "--porcelain")}, tmp_path, os.environ, time.monotonic() + 60)
    assert answers == {"status": ""}
