"""What is no regular file is never opened: neither waited for, nor emptied, nor its writer woken."""

import os
import select
import socket

import pytest

from tf_wrapper.configuration import inputs
from tf_wrapper.plan.plan_file import holds_changes, is_bookmark, is_plan_file, written_by


def test_regular_files_and_links_to_them(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        path = str(tmp_path / name)
        assert inputs.read(path) == b"x" * 3_000_000
        assert inputs.read(path, 4) == b"xxxx"
        assert inputs.is_rereadable(path)
        assert not inputs.is_read_once(path)


def test_a_descriptor_of_a_regular_file_is_read_from_its_beginning_and_keeps_its_place(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as file:
        file.seek(3)
        os.set_inheritable(file.fileno(), True)
        assert inputs.read(f"/dev/fd/{file.fileno()}") in {b"content", None}
        assert file.read() == b"tent"


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("link", [False, True])
def test_a_pipe_is_not_opened(tmp_path, fifo, link):
    path = fifo
    if link:
        path = tmp_path / "link"
        path.symlink_to(fifo)
    assert inputs.is_read_once(str(path))
    assert inputs.read(str(path)) is None
    assert not is_plan_file(str(path))
    assert not is_bookmark(str(path))
    assert written_by(str(path)) is None
    assert not holds_changes(str(path))
    with pytest.raises(OSError, match="No such device"):  # no reader was there, and none is left
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)


def test_a_process_substitution_keeps_its_content():
    reader, writer = os.pipe()
    os.write(writer, b"secret")
    path = f"/dev/fd/{reader}"
    assert inputs.is_read_once(path)
    assert inputs.read(path) is None
    assert not is_plan_file(path)
    assert select.select([reader], [], [], 0)[0]
    assert os.read(reader, 100) == b"secret"
    os.close(reader)
    os.close(writer)


def test_sockets_devices_directories_and_nothing(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert inputs.is_read_once(str(tmp_path / "socket"))
        assert inputs.read(str(tmp_path / "socket")) is None
    assert inputs.is_read_once("/dev/zero")
    assert inputs.read("/dev/zero") is None
    assert not inputs.is_read_once(os.devnull)
    assert not inputs.is_read_once(str(tmp_path))
    assert not inputs.is_read_once(str(tmp_path / "nothing"))
    assert inputs.read(str(tmp_path / "nothing")) is None
    assert inputs.read("\0") is None
