"""What a boot means: how the boot before it ended, for how long nothing ran, what is new."""

import os

import msgspec
import pytest

from change_events.machine import titles
from change_events.machine.boot_analysis import End, analyse, as_data
from change_events.machine.snapshot import take_snapshot
from change_events.machine.state_file import Memory, keep, recall, seen
from tests.machine.test_systemd import journal, line
from tests.machine.world import BOOTS, HAS_UTMPDUMP, NOON, minutes

BEFORE = NOON - minutes(600)


def remembered(**fields):
    given = {"boot": BOOTS[0], "boot_id": BOOTS[0], "booted_at": BEFORE, "kernel": os.uname().release, **fields}
    return Memory(**given)


def verdict(world, memory=None, **environ):
    world.boot(1)
    now = msgspec.structs.replace(take_snapshot(environ, world.root), host="web1")
    found = analyse(now, memory, world.environ, world.root)
    return now, found, titles.boot_title(now, found)


def test_a_machine_that_was_reported_to_stop_went_down_cleanly(world):
    now, found, title = verdict(world, remembered(stopped_at=NOON - minutes(2), goal="reboot"))
    assert (found.end, found.exact) == (End.CLEAN, True)
    assert title == "web1 rebooted, down for 2 min 00 s"
    assert as_data(now, found, remembered())["down_seconds"] == 120
    assert list(titles.boot_signals(now, found)) == []


def test_one_that_was_not_though_it_always_is_went_down_uncleanly(world):
    now, found, title = verdict(world, remembered(records_stops=True, seen_at=NOON - minutes(7)))
    assert (found.end, found.exact) == (End.UNCLEAN, False)
    assert title == "web1 booted after an unclean shutdown, down for at most 7 min 00 s"
    assert [s.reason for s in titles.boot_signals(now, found)] == [
        "web1 went down without a shutdown: it was not asked to stop"
    ]
    assert as_data(now, found, remembered())["down_at_most_seconds"] == 420


def test_where_nothing_ever_reported_a_stop_a_missing_one_says_nothing(world):
    _, found, title = verdict(world, remembered())
    assert found.end is End.UNKNOWN
    assert title == "web1 booted, down for at most 10 h 00 min"


def test_the_first_boot_that_is_seen_says_so_little(world):
    now, found, title = verdict(world)
    assert (found.end, title) == (End.UNKNOWN, "web1 booted")
    assert as_data(now, found, None)["shutdown"] == "unknown"


@pytest.mark.skipif(not HAS_UTMPDUMP, reason="utmpdump writes the book")
def test_wtmp_goes_before_the_journal_and_before_silence(world):
    world.wtmp(("boot", BEFORE), ("shutdown", NOON - minutes(4)), ("boot", NOON))
    journal(world, line(NOON - minutes(3)))
    _, found, title = verdict(world, remembered(records_stops=True))
    assert (found.end, found.evidence, title) == (End.CLEAN, "wtmp", "web1 booted, down for 4 min 00 s")


@pytest.mark.skipif(not HAS_UTMPDUMP, reason="utmpdump writes the book")
def test_a_book_that_ends_before_the_boot_that_is_remembered_is_of_another_one(world):
    world.wtmp(("boot", BEFORE - minutes(900)), ("shutdown", BEFORE - minutes(800)))
    journal(world, line(NOON - minutes(3)))
    _, found, title = verdict(world, remembered())
    assert found.evidence == "systemd's journal"
    assert title == "web1 booted after an unclean shutdown, down for at most 3 min 00 s"


def test_what_saw_it_alive_last_counts(world):
    journal(world, line(NOON - minutes(30)))
    _, found, _ = verdict(world, remembered(seen_at=NOON - minutes(6)))
    assert found.last_alive == NOON - minutes(6)


def test_a_crash_dump_of_that_boot_is_reported(world):
    journal(world, line(NOON - minutes(3)))
    dump = world.write("sys/fs/pstore/dmesg-efi-1", "Oops")
    os.utime(dump, (BEFORE.timestamp() - 60,) * 2)
    assert verdict(world, remembered())[1].evidence == "systemd's journal"
    os.utime(dump, (NOON.timestamp() - 60,) * 2)
    assert verdict(world, remembered())[1].evidence == "systemd's journal, and the kernel left a crash dump"


def test_a_new_kernel_and_a_new_image_are_reported(world):
    release = os.uname().release
    memory = remembered(kernel="6.1.0-18", image="debian 12", stopped_at=NOON - minutes(1))
    now, found, title = verdict(world, memory, TFEVENT_IMAGE="debian 13")
    assert title == f"web1 booted, down for 1 min 00 s, kernel 6.1.0-18 → {release}, image debian 12 → debian 13"
    assert [s.name for s in titles.boot_signals(now, found)] == ["kernel_changed", "image_changed"]
    data = as_data(now, found, memory)
    assert (data["previous_kernel"], data["previous_image"], data["image"]) == ("6.1.0-18", "debian 12", "debian 13")


def test_a_container_goes_by_what_is_remembered_alone(world):
    world.write(".dockerenv", "")
    journal(world, line(NOON - minutes(3)))
    now, found, title = verdict(world, remembered(kernel="6.1.0-18"))
    assert (found.end, title) == (End.UNKNOWN, "web1 started, down for at most 10 h 00 min")
    assert list(titles.boot_signals(now, found)) == [], "the kernel is its host's"


def test_a_clock_that_was_set_back_makes_no_negative_time(world):
    _, found, title = verdict(world, remembered(stopped_at=NOON + minutes(5)))
    assert (found.last_alive, title) == (None, "web1 booted")


def test_memory_is_kept_whole_and_a_broken_one_is_none(tmp_path):
    state = str(tmp_path / "state")
    assert recall(state) is None
    seen(state)
    assert recall(state) is None, "nothing was recorded, so there is nothing to note"
    memory = remembered(stopped_at=NOON, goal="reboot", records_stops=True, image="x")
    keep(state, memory)
    assert recall(state) == memory
    assert (tmp_path / "state/machine.json").stat().st_mode & 0o777 == 0o600
    seen(state)
    assert recall(state) == memory, "it goes down: that is not the time to be alive"
    (tmp_path / "state/machine.json").write_text('{"boot": ')
    assert recall(state) is None


def test_being_seen_moves_the_last_sign_of_life(tmp_path):
    keep(str(tmp_path), remembered(seen_at=BEFORE))
    seen(str(tmp_path))
    assert recall(str(tmp_path)).seen_at > NOON - minutes(60 * 24 * 365)
    assert recall(str(tmp_path)).seen_at != BEFORE


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (3_599, "59 min 59 s"), (3_600, "1 h 00 min"),
     (47 * 3_600, "47 h 00 min"), (50 * 3_600, "2 days")],
)  # fmt: skip
def test_times_as_people_say_them(seconds, text):
    assert titles._span(seconds) == text
