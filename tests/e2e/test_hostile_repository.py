"""A checked-out repository names programs wherever git lets it; no command of ours runs one of them."""

import os
import shutil
import subprocess

import pytest

from tests.support.live import Stack

CODE = 'resource "terraform_data" "a" {\n  input = %d\n}\n'
ATTRIBUTES = "* filter=evil diff=evil merge=evil\n"
IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
COMMANDS = (
    "apply -auto-approve",
    "plan",
    "destroy -auto-approve",
    "events list",
    "events show last",
    "events preview",
    "events doctor",
    "events flush",
    "events send --kind deployment --service shop --version 2",
    "events send --kind deployment --service shop --previous-commit HEAD~1",
    "events start --kind deployment --service shop --dedup-key k",
    "events stop --dedup-key k",
    "events run --kind deployment --service shop -- true",
)


@pytest.fixture
def stack(tmp_path):
    found = Stack(tmp_path)
    found.write(CODE % 1)
    _git(found, "init", "-q")
    (found.code / ".gitattributes").write_text(ATTRIBUTES)
    _git(found, "add", "-A")
    _git(found, "commit", "-qm", "first")
    found.write(CODE % 2)
    _git(found, "commit", "-qam", "second")
    _arm(found, tmp_path)
    return found


def _git(stack, *words):
    subprocess.run(["git", *IDENTITY, *words], cwd=stack.code, env=stack.env, check=True, capture_output=True)


def _arm(stack, folder):
    """Settings of the repository itself, each with a program that leaves a mark."""
    evil = folder / "evil"
    evil.write_text(f'#!/bin/sh\necho "$0 $@" >> {folder}/ran\ncat\n')
    evil.chmod(0o755)
    hooks = folder / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction", "pre-auto-gc"):
        shutil.copy(evil, hooks / name)
    run = str(evil)
    settings = {
        "filter.evil.clean": run,
        "filter.evil.smudge": run,
        "filter.evil.process": run,
        "filter.evil.required": "true",
        "diff.evil.textconv": run,
        "diff.evil.command": run,
        "merge.evil.driver": run,
        "diff.external": run,
        "core.fsmonitor": run,
        "core.hooksPath": str(hooks),
        "core.pager": run,
        "pager.log": run,
        "pager.status": run,
        "core.editor": run,
        "core.askPass": run,
        "core.sshCommand": run,
        "core.gitProxy": run,
        "core.alternateRefsCommand": run,
        "credential.helper": run,
        "gpg.program": run,
        "gpg.ssh.program": run,
        "log.showSignature": "true",
        "interactive.diffFilter": run,
        "sequence.editor": run,
        "trailer.x.command": run,
        "uploadpack.packObjectsHook": run,
        "remote.origin.url": f"ext::{run}",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "extensions.partialClone": "origin",
        "protocol.ext.allow": "always",
        **{f"alias.{name}": f"!{run}" for name in ("log", "status", "config", "remote", "rev-parse", "cat-file")},
    }
    for name, value in settings.items():
        _git(stack, "config", name, value)
    os.utime(stack.code / "main.tf")  # git must look into it again


def test_nothing_of_it_runs(stack, tmp_path):
    for command in COMMANDS:
        done = stack.run(command)
        assert "Traceback" not in done.err, done.err
        ran = tmp_path / "ran"
        assert not ran.exists(), f"{command}: {ran.read_text()}"
        stack.write(CODE % len(command))
    first = stack.recorded()[0]
    assert first["vcs"]["subject"] == "second"
    assert first["changes"][0]["source"]["commit"] == first["vcs"]["commit"]


def test_the_trap_works(stack, tmp_path):
    subprocess.run(["git", "status"], cwd=stack.code, env=stack.env, check=False, capture_output=True)
    assert (tmp_path / "ran").exists()
