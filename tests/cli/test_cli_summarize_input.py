"""What `events summarize` reads: files, pipes and standard input, each to a limit, and no device that never ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from change_events.errors import InputError
from tests.cli.test_cli_summarize import MIXED
from tests.support.speed import HANG
from tf_wrapper.record.given_documents import read_given

MEMORY = 1_500_000  # KiB that the command may have: a device that is read to its end fails, and takes nothing down
STATE = {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a", "outputs": {}, "resources": []}


def summarize(home, line):
    """Run a line of bash, in which TFEVENT is `tfevent events summarize`, in a bounded memory."""
    command = f"{sys.executable} -m tf_wrapper events summarize"
    return subprocess.run(
        ["bash", "-c", f"ulimit -v {MEMORY}; {line.replace('TFEVENT', command)}"],
        env=home.environ,
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("TFEVENT /dev/zero", "/dev/zero"),
        ("TFEVENT before.tfstate /dev/zero", "/dev/zero"),
        ("TFEVENT link", "link"),
        ("TFEVENT - < /dev/zero", "standard input"),
        ("TFEVENT /dev/stdin < /dev/zero", "/dev/stdin"),
    ],
)
def test_a_device_is_refused(home, line, name):
    (home.path / "before.tfstate").write_text(json.dumps(STATE))
    (home.path / "link").symlink_to("/dev/zero")
    done = summarize(home, line)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(f"tfevent: {name}: a device, not a file; give a plan")


@pytest.mark.parametrize(
    "line",
    [
        f"cat {MIXED} | TFEVENT -",
        f"cat {MIXED} | TFEVENT /dev/stdin",
        f"TFEVENT - < {MIXED}",
        f"TFEVENT /dev/stdin < {MIXED}",
        f"TFEVENT <(cat {MIXED})",
        f"mkfifo pipe; cat {MIXED} > pipe & TFEVENT pipe",
    ],
)
def test_pipes_and_standard_input_are_read(home, line):
    done = summarize(home, line)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"1 to create, 2 to update, 5 to destroy" in done.stdout


def test_the_null_device_is_an_empty_file(home):
    done = summarize(home, "TFEVENT /dev/null")
    assert done.returncode == 1
    assert b"the file is empty" in done.stderr


def test_a_closed_standard_input_is_no_bug(home):
    done = summarize(home, "TFEVENT - <&-")
    assert done.returncode == 1
    assert b"bug" not in done.stderr


def test_a_file_is_read_up_to_its_limit(tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(b"x" * 3_000_000)
    assert read_given(str(path), 3_000_000) == path.read_bytes()
    with pytest.raises(InputError, match=r"plan\.json: larger than 2,999,999 bytes"):
        read_given(str(path), 2_999_999)


def test_a_file_that_is_too_large_is_not_read_at_all(tmp_path):
    path = tmp_path / "plan.json"
    with path.open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(InputError, match="larger than 1 GiB"):
        read_given(str(path))


@pytest.mark.parametrize(("size", "fits"), [(3_000_000, True), (3_000_001, False), (30_000_000, False)])
def test_a_pipe_is_read_up_to_its_limit(tmp_path, size, fits):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write():
        with suppress(BrokenPipeError):
            pipe.write_bytes(b"x" * size)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        if fits:
            assert read_given(str(pipe), 3_000_000) == b"x" * size
        else:
            with pytest.raises(InputError, match="pipe: larger than 3,000,000 bytes"):
                read_given(str(pipe), 3_000_000)
    finally:
        writer.join(HANG)


def test_too_little_memory_is_no_bug_of_ours(home):
    with (home.path / "plan.json").open("wb") as file:
        file.truncate(1 << 30)
    done = summarize(home, "ulimit -v 600000; TFEVENT plan.json")
    assert done.returncode == 1
    assert done.stderr == b"tfevent: not enough memory for this command\n"
