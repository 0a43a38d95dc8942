"""`tfevent events report`: which events, where to, and what is said when there is nothing to report."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from tests.cli.sample import partial, running, succeeded


def test_several_ids_each_once_and_newest_first(filled):
    text = filled.events("report", succeeded().id, partial().id[:13], succeeded().id)
    assert text.startswith("## 2 events: ")
    assert text.index("prod/network") < text.index("staging/app")
    assert running().title not in text


def test_events_counted_back(filled):
    assert filled.events("report", "-1").startswith(f"## {running().title}\n")
    assert filled.events("report", "-2", "--markdown").startswith(f"## {partial().title}\n")


def test_filters_are_those_of_list(filled):
    text = filled.events("report", "--since", "2026-11-23T11:30", "--environment", "prod")
    assert text.startswith("## 2 events: ")
    assert filled.events("report", "--outcome", "partial") == filled.events("report", partial().id)
    assert filled.run("report", "--signal", "no_such_signal").returncode == 2


def test_a_limit_says_that_there_are_more(filled):
    assert "only the newest 2 events" in filled.events("report", "--until", "2999-01-01", "--limit", "2")
    assert "only the newest" not in filled.events("report", "--until", "2999-01-01", "--limit", "3")


def test_a_limit_alone_takes_the_newest(filled):
    text = filled.events("report", "--limit", "2")
    assert text.startswith("## 2 events: ")
    assert succeeded().title not in text


@pytest.mark.parametrize(
    "words",
    [(), ("last", "--since", "1h"), ("last", "--for", "github", "--max-characters", "2000"), ("last", "-o", "")],
)
def test_what_contradicts_itself_is_a_usage_error(filled, words):
    done = filled.run("report", *words)
    assert (done.returncode, done.stdout) == (2, b"")


def test_nothing_found_is_said_and_nothing_written(home, filled, tmp_path):
    done = filled.run("report", "--environment", "nowhere", "-o", "night.md")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        b"",
        b"tfevent: no matching events; night.md was not written\n",
    )
    assert not (tmp_path / "night.md").exists()
    assert filled.run("list", "--environment", "nowhere").stderr == b"tfevent: no matching events\n"


def test_an_unknown_id_is_an_error_as_for_show(filled):
    assert filled.run("report", "0190").stderr == filled.run("show", "0190").stderr
    assert filled.run("report", "0190").returncode == 1


def test_a_size_by_place(filled):
    filled.fill(*[partial_numbered(number) for number in range(60)])
    text = filled.events("report", "--until", "2999-01-01", "--for", "slack")
    assert len(text) <= 12_000
    assert "events are left out" in text
    assert len(filled.events("report", "--until", "2999-01-01", "--max-characters", "1000")) <= 1_000


def partial_numbered(number):
    import msgspec

    return msgspec.structs.replace(partial(), id=f"019ab0f1-5e00-7aaa-8bbb-0000000001{number:02d}", trace=None)


def test_html_is_asked_for_or_follows_from_the_name(filled, tmp_path):
    shown = filled.run("report", "last", "--html", env={"LC_ALL": "C", "PYTHONUTF8": "0"}).stdout.decode()
    assert shown.startswith("<!doctype html>\n")
    filled.events("report", "last", "-o", "a.html")
    assert (tmp_path / "a.html").read_text() == shown
    assert filled.events("report", "last", "--markdown", "-o", "b.html") == ""
    assert (tmp_path / "b.html").read_text() == filled.events("report", "last")
    assert filled.run("report", "last", "--html", "--for", "slack").returncode == 2


# -- the file


def test_a_file_is_written_as_a_whole_with_the_mode_of_a_new_one(filled, tmp_path):
    old = os.umask(0o027)
    try:
        assert filled.events("report", "last", "-o", "a.md") == ""
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == 0o640
    assert (tmp_path / "a.md").read_text() == filled.events("report", "last")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".tfevent-")] == []
    (tmp_path / "a.md").write_text("old")
    filled.events("report", "last", "-o", str(tmp_path / "a.md"))
    assert (tmp_path / "a.md").read_text() == filled.events("report", "last")
    assert filled.events("report", "last", "-o", "-") == filled.events("report", "last")


def test_a_name_that_stands_for_something_else_is_neither_followed_nor_replaced(filled, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("kept")
    (tmp_path / "link").symlink_to(kept)
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "link": "a symbolic link", "dangling": "a symbolic link", "folder": "a directory", "pipe": "not a file",
        "nowhere/a.md": "No such file", "kept/a.md": "Not a directory", "a" * 300: "too long",
    }.items():  # fmt: skip
        done = filled.run("report", "last", "-o", name)
        assert (done.returncode, done.stdout) == (1, b""), name
        assert done.stderr.startswith(f"tfevent: {name} cannot be written: ".encode())
        assert why in done.stderr.decode()
    assert kept.read_text() == "kept"
    assert (tmp_path / "link").is_symlink()


def test_a_disk_that_is_full_leaves_the_old_file_and_no_other(filled, tmp_path):
    (tmp_path / "a.md").write_text("old")
    code = (
        "import resource, signal\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from change_events.cli.output_file import write_file\n"
        "write_file('a.md', b'x' * 1000)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=filled.environ, capture_output=True, text=True, check=False)
    assert "a.md cannot be written: File too large" in done.stderr
    assert (tmp_path / "a.md").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".tfevent-")] == []


def test_standard_output_that_is_full_or_closed_is_reported_as_elsewhere(filled):
    with open("/dev/full", "wb") as full:
        done = filled.run("report", "last", stdout=full)
    assert (done.returncode, done.stderr) == (1, b"tfevent: the output cannot be written: No space left on device\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = filled.run("report", "last", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_terminal_that_knows_no_unicode_gets_it_as_utf_8(filled):
    shown = filled.run("report", "last", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert "·" in shown.stdout.decode()
