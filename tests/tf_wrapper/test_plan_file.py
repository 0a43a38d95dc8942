"""What is read of a plan file is bounded, whatever it is; a plan file may come from anywhere."""

import os
import resource
import zipfile

import pytest

from tests.support.speed import at_most
from tf_wrapper.cause.sources import planned_sources
from tf_wrapper.plan import plan_file

SECONDS = plan_file._SECONDS


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def archive(path, data, name="tfplan"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made, made.open(name, "w", force_zip64=True) as file:
        for part in [data] if isinstance(data, bytes) else data:
            file.write(part)
    return str(path)


def cpu(step):
    before = resource.getrusage(resource.RUSAGE_SELF)
    value = step()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return value, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


PLAN = varint(1 << 3) + varint(3) + field(3, b"x" * 300_000) + field(14, b"1.11.4") + field(13, b"y" * 200_000)


def test_the_version_of_a_plan_and_whether_it_holds_changes(tmp_path):
    path = archive(tmp_path / "plan", PLAN)
    assert plan_file.written_by(path) == "1.11.4"
    assert plan_file.holds_changes(path)
    path = archive(tmp_path / "empty", field(14, b"1.11.4"))
    assert not plan_file.holds_changes(path)


@pytest.mark.parametrize(
    "data",
    [
        [b"\0" * 1_000_000] * 20,
        [varint(9 << 3) + b"\x01"] * 1_000_000,
        [field(9, b"")] * 500_000,
        [varint(9 << 3 | 2) + b"\xff\xff\xff\xff\x7f", *([b"\0" * 1_000_000] * 40)],
        [b"\xff" * 1_000_000] * 20,
    ],
    ids=["zeros", "numbers", "empty fields", "one large field", "endless number"],
)
def test_a_plan_that_is_no_plan_is_given_up(tmp_path, data):
    path = archive(tmp_path / "plan", data)
    version, seconds = cpu(lambda: plan_file.written_by(path))
    assert version is None
    assert seconds < 2 * SECONDS


@pytest.mark.slow
def test_a_bomb_is_given_up_in_time_and_memory(tmp_path):
    data = (part for part in [varint(3 << 3 | 2) + varint(2_000_000_000), *[b"\0" * 1_000_000] * 2000])
    path = archive(tmp_path / "plan", data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, seconds = cpu(lambda: plan_file.written_by(path))
    assert seconds < 2 * SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_many_entries_are_not_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "plan", "w") as made:
        made.writestr("tfplan", PLAN)
        for number in range(plan_file._MOST_ENTRIES):
            made.writestr(f"f{number}", b"")
    assert plan_file.written_by(str(tmp_path / "plan")) is None


@pytest.mark.parametrize("cut", [0, 3, 4, 100, -1, -30])
def test_a_truncated_plan(tmp_path, cut):
    path = tmp_path / "plan"
    archive(path, PLAN)
    path.write_bytes(path.read_bytes()[:cut])
    assert plan_file.written_by(str(path)) is None
    assert plan_file.holds_changes(str(path)) is (cut not in {0, 3})


def test_other_files(tmp_path):
    assert plan_file.written_by(archive(tmp_path / "other", PLAN, name="another")) is None
    encrypted = tmp_path / "encrypted"
    archive(encrypted, PLAN)
    data = bytearray(encrypted.read_bytes())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    encrypted.write_bytes(bytes(data))
    assert plan_file.written_by(str(encrypted)) is None


def test_what_is_no_regular_file_is_not_opened_for_long(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with at_most(10):
        for path in (str(pipe), str(tmp_path), "/dev/zero", str(tmp_path / "none")):
            assert not plan_file.is_plan_file(path)
            assert not plan_file.is_bookmark(path)
            assert plan_file.written_by(path) is None
            assert not plan_file.holds_changes(path)


def test_the_configuration_in_a_plan_is_read_within_the_same_bounds(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    modules = b'[{"Key": "", "Dir": "."}]'
    with zipfile.ZipFile(tmp_path / "plan", "w") as made:
        made.writestr("tfconfig/modules.json", modules)
        made.writestr("tfconfig/m-/main.tf", b"# here")
    with zipfile.ZipFile(tmp_path / "many", "w") as made:
        made.writestr("tfconfig/modules.json", modules)
        for number in range(plan_file._MOST_ENTRIES):
            made.writestr(f"tfconfig/m-/{number}.tf", b"")
    odd = archive(tmp_path / "odd", b"[3]", "tfconfig/modules.json")
    assert planned_sources(str(tmp_path / "plan"), "/w") == ({"/w/main.tf": b"# here"}, {"": "/w"})
    for path in (tmp_path / "pipe", tmp_path / "many", odd, tmp_path / "absent", tmp_path):
        assert planned_sources(str(path), "/w") == ({}, {})
