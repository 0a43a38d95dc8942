"""Which state a command is about, and reading it without being in its way."""

from __future__ import annotations

import json
import os

import pytest

from change_events.process import Signals
from tf_wrapper.launch.state_arguments import StateArguments
from tf_wrapper.launch.workspace import Workspace
from tf_wrapper.state import snapshot
from tf_wrapper.state.location import backend, files_of
from tf_wrapper.state.snapshot import Snapshot, States, read_file
from tf_wrapper.subcommands import OBSERVED, name_at

S3 = {"backend": {"type": "s3", "config": {"bucket": "b"}}}
LOCAL = {"backend": {"type": "local", "config": {"path": "sub/x.tfstate", "workspace_dir": "spaces"}}}
IMPLICIT = {"version": 3, "backend": None}
STORE = {"backend": None, "state_store": {"type": "x"}}
FILE = "terraform.tfstate"


def words(line):
    argv = line.split()
    return name_at(argv, next(i for i, word in enumerate(argv) if word[0] != "-")), argv


def found(folder, line, *, settings=None, environ=None):
    if settings is not None:
        (folder / ".terraform").mkdir(exist_ok=True)
        text = settings if isinstance(settings, str) else json.dumps(settings)
        (folder / ".terraform/terraform.tfstate").write_text(text)
    name, argv = words(line)
    files = files_of(Workspace(str(folder), environ or {}), StateArguments(name, argv, environ or {}), OBSERVED[name])
    return files and tuple(path and os.path.relpath(path, folder) for path in (files.source, files.target))


@pytest.mark.parametrize(
    ("line", "settings", "environ", "files"),
    [
        ("state rm a", None, {}, (FILE, None)),
        ("state rm a", IMPLICIT, {}, (FILE, None)),
        ("state rm a", LOCAL, {}, ("sub/x.tfstate", None)),
        ("state rm a", LOCAL, {"TF_WORKSPACE": "dev"}, ("spaces/dev/terraform.tfstate", None)),
        ("state rm a", None, {"TF_WORKSPACE": "dev"}, ("terraform.tfstate.d/dev/terraform.tfstate", None)),
        ("state rm -state=o a", None, {}, ("o", None)),
        ("state rm -state o a", None, {"TF_WORKSPACE": "dev"}, ("o", None)),
        ("state rm --state=o a", None, {}, ("o", None)),
        ("state rm -backup x -state=o a", None, {}, ("o", None)),
        ("state rm -unknown -state=o a", None, {}, ("o", None)),
        ("state rm a -state=o", None, {}, (FILE, None)),
        ("state rm -- -state=o", None, {}, (FILE, None)),
        ("state mv -state-out=p a b", None, {}, (FILE, "p")),
        ("state mv -state=o -state-out=o a b", None, {}, ("o", None)),
        ("import -var x=1 -state-out p a b", None, {}, (FILE, "p")),
        ("state rm a", S3, {}, None),
        ("state rm -state=o a", S3, {}, ("o", None)),
        ("taint -state=o a", S3, {}, None),
        ("state rm a", STORE, {}, None),
        ("state rm a", "{", {}, None),
        ("state rm a", "[]", {}, None),
        ("state rm a", "", {}, (FILE, None)),
        ("taint a", None, {"TF_CLI_ARGS_taint": "-state=e"}, ("e", None)),
        ("state rm a", None, {"TF_CLI_ARGS_state_rm": "-state=e"}, ("e", None)),
        ("state replace-provider a b", None, {"TF_CLI_ARGS_state_replace_provider": "-state=e"}, ("e", None)),
        ("state rm -state=o a", None, {"TF_CLI_ARGS": "-state=e"}, ("o", None)),
        ("taint a", None, {"TF_DATA_DIR": "elsewhere"}, (FILE, None)),
    ],
)
def test_the_files_are_those_of_terraforms_rules(line, settings, environ, files, tmp_path):
    assert found(tmp_path, line, settings=settings, environ=environ) == files


def test_a_data_directory_that_is_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / FILE)
    assert backend(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("state mv a b", "state mv"),
        ("-chdir=x state rm a", "state rm"),
        ("state -lock=false rm", "state"),
        ("state list", "state"),
        ("state", "state"),
        ("workspace new x", "workspace new"),
        ("taint state mv", "taint"),
    ],
)
def test_a_subcommand_of_two_words_is_found_by_both(line, name):
    assert words(line)[0] == name


def test_what_is_no_regular_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert read_file(str(tmp_path / "pipe")).data is None
    assert read_file(str(tmp_path)).data is None
    assert read_file(str(tmp_path / "missing")).data == b""


def test_of_a_state_that_is_too_large_only_its_version_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(snapshot, "MOST_BYTES", 10_000)
    text = '{"version": 4, "serial": 7, "lineage": "l-1", "outputs": {}, "resources": []}'
    (tmp_path / FILE).write_text(text + " " * 20_000)
    document = read_file(str(tmp_path / FILE))
    assert not document.whole
    assert document.version == (7, "l-1")
    assert len(document.data) < 10_000


def test_a_state_that_was_not_found_out_is_asked_for_once_when_the_command_fails(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("tf_wrapper.plan.terraform_show.state", lambda *_, **__: asked.append(1) or b"{}")
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform/terraform.tfstate").write_text(json.dumps(S3))
    name, argv = words("state rm a")
    states = States(Workspace(str(tmp_path), {}), StateArguments(name, argv, {}), OBSERVED[name], {})
    before = states._read()
    for code, interrupted, times in ((1, False, 1), (0, False, 2), (1, True, 3), (-2, False, 4)):
        assert isinstance(states.after(before, code, interrupted=interrupted), Snapshot)
        assert len(asked) == times


@pytest.mark.parametrize(
    ("line", "then", "code", "untouched"),
    [
        ("state rm a", {}, 1, True),
        ("refresh", {}, 0, True),
        ("state rm a", {FILE: "2"}, 0, False),
        ("state rm a", {FILE: "2"}, 1, False),
        ("state rm a", {FILE: None}, 0, False),
        ("state mv -state-out=p a b", {}, 0, True),
        ("state mv -state-out=p a b", {"p": "1"}, 0, False),
        ("workspace new x", {}, 1, True),
        ("workspace new x", {}, 0, False),
        ("force-unlock 1", {}, 1, True),
        ("force-unlock 1", {}, 0, False),
    ],
)
def test_a_command_that_changed_nothing_is_known_by_its_files_or_its_exit_code(tmp_path, line, then, code, untouched):
    def write(files):
        for name, text in files.items():
            (tmp_path / name).unlink(missing_ok=True)
            if text is not None:
                (tmp_path / name).write_text(text)

    write({FILE: "1"})
    name, argv = words(line)
    states = States(Workspace(str(tmp_path), {}), StateArguments(name, argv, {}), OBSERVED[name], {})
    with Signals() as signals:
        before = states.before(signals)
    write(then)
    assert states.is_untouched(before, code) is untouched


@pytest.mark.parametrize("content", [b"x" * 40, None])
def test_a_state_that_is_not_known_whole_may_have_changed(tmp_path, monkeypatch, content):
    monkeypatch.setattr(snapshot, "MOST_BYTES", 30)
    if content is None:
        os.mkfifo(tmp_path / FILE)
    else:
        (tmp_path / FILE).write_bytes(content)
    states = States(Workspace(str(tmp_path), {}), StateArguments("refresh", ["refresh"], {}), OBSERVED["refresh"], {})
    with Signals() as signals:
        before = states.before(signals)
    assert not states.is_untouched(before, 0)


def test_a_backend_is_not_asked_whether_anything_changed(tmp_path):
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform/terraform.tfstate").write_text(json.dumps(S3))
    states = States(Workspace(str(tmp_path), {}), StateArguments("refresh", ["refresh"], {}), OBSERVED["refresh"], {})
    assert not states.is_untouched(Snapshot(snapshot.Document(b"1")), 1)
