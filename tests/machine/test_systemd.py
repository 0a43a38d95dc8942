"""What systemd's own programs say. Their output is as systemd 252 prints it; the programs are stand-ins."""

import json

import pytest

from change_events.machine import systemd
from change_events.machine.wtmp import LastEnd
from tests.machine.world import BOOTS, NOON, minutes
from tests.support.speed import at_most


def line(at, **fields):
    return json.dumps({"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": str(int(at.timestamp() * 1e6)), **fields})


def journal(world, *lines):
    world.write("journal", "\n".join(lines) + "\n")
    world.program(
        "journalctl", f'echo "$@" > {world.root}/asked; while read -r l; do echo "$l"; done < {world.root}/journal'
    )


@pytest.mark.parametrize(
    "last",
    [
        {"MESSAGE_ID": "d93fb3c9c24d451a97cea615ce59c00b"},
        {"SYSLOG_IDENTIFIER": "systemd-shutdown"},
        {"MESSAGE_ID": "39f53479d3a045ac8e11786248231fbf", "UNIT": "umount.target"},
        {"UNIT": "final.target"},
    ],
)
def test_the_last_words_of_a_shutdown_are_known(world, last):
    journal(world, line(NOON - minutes(9), UNIT="shop.service"), line(NOON - minutes(5), **last))
    assert systemd.last_end(world.environ) == LastEnd(clean=True, at=NOON - minutes(5))


def test_a_journal_that_just_breaks_off_is_a_crash_after_its_last_line(world):
    lines = [line(NOON - minutes(9)), line(NOON - minutes(7), UNIT=["a", "b"]), line(NOON - minutes(8), MESSAGE=[1, 2])]
    journal(world, *lines)
    assert systemd.last_end(world.environ) == LastEnd(clean=False, at=NOON - minutes(7))


def test_the_boot_that_is_remembered_is_asked_for(world):
    journal(world, line(NOON))
    systemd.last_end(world.environ, BOOTS[0])
    assert f"--boot={BOOTS[0].replace('-', '')} " in (world.root / "asked").read_text()
    systemd.last_end(world.environ)
    assert "--boot=-1 " in (world.root / "asked").read_text()


def test_no_journal_or_an_odd_one_reports_nothing(world):
    assert systemd.last_end(world.environ) is None, "no journalctl"
    journal(world, "no json", "{}", line(NOON).replace("1", "x"))
    assert systemd.last_end(world.environ) is None
    world.program("journalctl", "exit 1")
    assert systemd.last_end(world.environ) is None


def test_a_slow_journalctl_costs_half_a_second(world, monkeypatch):
    monkeypatch.setattr(systemd, "_SECONDS", 0.5)
    world.environ["PATH"] += ":/bin:/usr/bin"
    world.program("journalctl", "exec sleep 900")
    with at_most(2):
        assert systemd.last_end(world.environ) is None


JOBS = """\
  100 shop.service    stop  running
  101 {goal}.target   start waiting
  102 shutdown.target start waiting
"""


@pytest.mark.parametrize("goal", ["reboot", "poweroff", "halt", "kexec", "soft-reboot"])
def test_what_a_machine_goes_down_for(world, goal):
    world.write("run/systemd/system/x", "")
    world.write("jobs", JOBS.format(goal=goal))
    world.program("systemctl", f'while read -r l; do echo "$l"; done < {world.root}/jobs')
    assert systemd.goal(world.environ, world.root) == goal


def test_a_machine_that_does_not_go_down(world):
    world.write("run/systemd/system/x", "")
    world.program("systemctl", "echo '  7 apt-daily.service start running'")
    assert systemd.goal(world.environ, world.root) is None
    world.program("systemctl", "true")
    assert systemd.goal(world.environ, world.root) is None


def test_without_an_answer_nothing_is_known(world):
    assert systemd.goal(world.environ, world.root) == "unknown", "no systemd here"
    world.write("run/systemd/system/x", "")
    assert systemd.goal(world.environ, world.root) == "unknown", "no systemctl"
    world.program("systemctl", "exit 1")
    assert systemd.goal(world.environ, world.root) == "unknown"
