"""Directories as a check finds them: with a real terraform, or with a stand-in of it that answers from files."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from change_events.cli import main
from tests.cli.home import Home
from tests.tf_wrapper.plan_documents import document, entry
from tf_wrapper.record.events_adapter import TerraformAdapter


class Fleet(Home):
    """A home with the stand-in, whose commands run in this process: a check starts enough others."""

    def __init__(self, path):
        super().__init__(path)
        folder = path / "bin"
        folder.mkdir()
        shutil.copy(STAND_IN, folder / "terraform")
        self.environ |= {
            "PATH": f"{folder}{os.pathsep}{self.environ['PATH']}",
            "STAND_IN_LOG": str(path / "calls"),  # what it is asked
        }

    def here(self, *words, env=None):
        """Run a command; standard output and standard error are texts."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(self.path)
            for name in os.environ:
                patch.delenv(name)
            for name, value in {**self.environ, **(env or {})}.items():
                patch.setenv(name, value)
            code = main(words, TerraformAdapter())
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


STAND_IN = Path(__file__).parents[1] / "support" / "stand_in.sh"
SUMMARY = {"type": "change_summary", "changes": {"add": 0, "change": 0, "remove": 0, "operation": "plan"}}
VERSION = {"type": "version", "terraform": "1.11.4"}


def messages(*more):
    return "".join(json.dumps(one) + "\n" for one in (VERSION, *more, SUMMARY))


def stack(home, name, *drifted, pending=()):
    """A directory of the stand-in: entries of `resource_drift`, and words of planned changes."""
    folder = home.path / name
    folder.mkdir(parents=True, exist_ok=True)
    found = [{"type": "resource_drift", "change": {"action": "update"}} for _ in drifted]
    (folder / "messages.jsonl").write_text(messages(*found))
    changes = [{"type": "planned_change", "change": {"action": word}} for word in pending]
    (folder / "pending.jsonl").write_text(messages(*changes))
    (folder / "plan.json").write_bytes(document(resource_drift=list(drifted)))
    with zipfile.ZipFile(folder / "plan.zip", "w") as archive:
        archive.writestr("tfstate", '{"version": 4, "serial": 3, "lineage": "l"}')
    (folder / "state.json").write_text('{"version": 4, "serial": 3, "lineage": "l"}')
    return folder


def resized(address="aws_instance.web", size="large", **more):
    before, after = {"id": "i-1", "size": "small"}, {"id": "i-1", "size": size}
    return entry(address, "update", before=before | more, after=after | more)


def deleted(address="aws_instance.web"):
    return entry(address, "delete", before={"id": "i-1", "size": "small"})
