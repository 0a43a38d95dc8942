"""The system's book of boots and shutdowns. Books are written by util-linux and read by it, too."""

import os
import shutil
import struct
import subprocess

import pytest

from change_events.machine import wtmp
from change_events.machine.wtmp import LastEnd, last_end
from tests.machine.world import HAS_UTMPDUMP, NOON, minutes

needs_utmpdump = pytest.mark.skipif(not HAS_UTMPDUMP, reason="utmpdump (util-linux) writes the books")
BEFORE = NOON - minutes(600)


@needs_utmpdump
def test_a_shutdown_before_this_boot_is_clean(world):
    path = world.wtmp(("boot", BEFORE), ("login", BEFORE + minutes(1)), ("shutdown", NOON - minutes(4)), ("boot", NOON))
    assert last_end(path, NOON) == LastEnd(clean=True, at=NOON - minutes(4))


@needs_utmpdump
def test_no_shutdown_before_this_boot_is_a_crash_after_the_last_entry(world):
    entries = (("shutdown", BEFORE - minutes(9)), ("boot", BEFORE), ("login", NOON - minutes(30)))
    path = world.wtmp(*entries, ("boot", NOON), ("login", NOON + minutes(3)))
    assert last_end(path, NOON) == LastEnd(clean=False, at=NOON - minutes(30))


@needs_utmpdump
def test_util_linux_sees_the_same(world):
    if shutil.which("last") is None:
        pytest.skip("no last")
    path = world.wtmp(("boot", BEFORE), ("login", BEFORE + minutes(1)), ("boot", NOON))
    shown = subprocess.run(["last", "-x", "-f", str(path)], capture_output=True, check=True, text=True).stdout
    assert "crash" in shown
    assert not last_end(path, NOON).clean


@needs_utmpdump
def test_runlevels_of_system_v_count(world):
    path = world.wtmp(("boot", BEFORE), ("runlevel 5", BEFORE), ("runlevel 6", NOON - minutes(2)), ("boot", NOON))
    assert last_end(path, NOON) == LastEnd(clean=True, at=NOON - minutes(2))


@needs_utmpdump
def test_a_boot_whose_own_entry_is_missing_or_a_little_early(world):
    path = world.wtmp(("boot", BEFORE), ("shutdown", NOON - minutes(2)))
    assert last_end(path, NOON).clean
    path = world.wtmp(("boot", BEFORE), ("shutdown", NOON - minutes(20)), ("boot", NOON - minutes(1)))
    assert last_end(path, NOON).at == NOON - minutes(20)


@needs_utmpdump
def test_the_first_boot_of_a_book_reports_nothing(world):
    assert last_end(world.wtmp(("boot", NOON), ("login", NOON + minutes(1))), NOON) is None


@pytest.mark.parametrize("data", [b"", b"x", b"x" * 383, b"\xff" * 384 * 3, b"\0" * 384 * 10])
def test_no_book_or_a_broken_one_reports_nothing(world, data):
    path = world.root / "var/log/wtmp"
    assert last_end(path, NOON) is None
    path.write_bytes(data)
    assert last_end(path, NOON) is None


@needs_utmpdump
def test_records_with_wide_times_are_read_as_well(world, monkeypatch):
    """As on aarch64, where utmpdump of this machine cannot write them."""
    narrow = world.wtmp(("boot", BEFORE), ("shutdown", NOON - minutes(4)), ("boot", NOON)).read_bytes()
    records = []
    for at in range(0, len(narrow), 384):
        fields = list(wtmp._LAYOUTS[0].unpack_from(narrow, at))
        records.append(wtmp._LAYOUTS[1].pack(*fields))
    path = world.root / "wide"
    path.write_bytes(b"".join(records))
    assert path.stat().st_size == 1_200
    assert last_end(path, NOON) == LastEnd(clean=True, at=NOON - minutes(4))


def test_a_size_that_both_layouts_fit_goes_by_the_machine(monkeypatch):
    assert struct.calcsize(wtmp._LAYOUTS[0].format) == 384
    fields = os.uname()
    for machine, size in (("x86_64", 384), ("aarch64", 400)):
        named = os.uname_result([*fields[:4], machine])
        monkeypatch.setattr(os, "uname", lambda named=named: named)
        assert wtmp._layout(9_600).size == size
