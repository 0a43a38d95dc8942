"""The destination `command`: a real program for each event, whatever it does, within its time and its output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from change_events.delivery import deliver, probe
from change_events.delivery.sender import Effort, send_event
from change_events.delivery.transport import TransportError, open_transport
from change_events.destinations import get
from change_events.destinations.base import DestinationSettings, OptionError, Result
from change_events.destinations.shared.preview import as_data, preview
from tests.delivery.test_delivery_faults import PLENTY, settle
from tests.destinations.kit.events import event
from tests.support.speed import limit, wait_for

COMMAND = get("command")
LARGE = event("huge")


@pytest.fixture
def program(tmp_path):
    """Write a shell script and give its settings; ``words`` follow its name."""

    def write(body, *words, head="#!/bin/sh", mode=0o755):
        path = tmp_path / "notify"
        path.write_text(f"{head}\n{textwrap.dedent(body)}\n")
        path.chmod(mode)
        command = {"words": ["./notify", *words], "folder": str(tmp_path)}
        return DestinationSettings("main", "command", {"command": command})

    return write


def sent(settings, sealed=None, seconds=PLENTY):
    with open_transport(settings) as transport:
        effort = Effort(time.monotonic() + seconds, attempts=1)
        return send_event(settings, transport, sealed or event("updated"), effort)


def alive(pid):
    """Whether it is a process that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_program_reads_the_event_runs_in_its_folder_and_gets_its_words_as_they_are(program, tmp_path):
    words = ["$(touch gone)", "a b", ";", "*"]
    settings = program('cat > event.json; for w in "$@"; do echo "$w"; done > words; pwd > folder', *words)
    assert sent(settings).result is Result.DELIVERED
    assert json.loads((tmp_path / "event.json").read_text())["id"] == event("updated").event.id
    assert (tmp_path / "words").read_text().splitlines() == words
    assert (tmp_path / "folder").read_text().strip() == str(tmp_path.resolve())
    assert not (tmp_path / "gone").exists()


def test_read_of_a_shell_takes_the_document(program):
    assert sent(program('read -r line && [ "${#line}" -gt 100 ]')).result is Result.DELIVERED


@pytest.mark.parametrize(
    ("body", "result", "says"),
    [
        ("exit 0", Result.DELIVERED, ""),
        ("echo no >&2; exit 0", Result.DELIVERED, ""),
        ("exec <&- >&- 2>&-", Result.DELIVERED, ""),
        ("exit 75", Result.RETRY, "try again (exit code 75)"),
        ("echo busy >&2; exit 75", Result.RETRY, "it says: busy"),
        ("echo one >&2; echo two >&2; echo >&2; exit 3", Result.PARK, "exit code 3); it says: two"),
        ("exit 255", Result.PARK, "exit code 255"),
        ("printf 'a\\033[31mb\\007' >&2; exit 1", Result.PARK, "it says: a"),
        ("kill -TERM $$", Result.RETRY, "stopped (SIGTERM)"),
        ("kill -KILL $$", Result.RETRY, "stopped (SIGKILL)"),
        ("kill -SEGV $$", Result.PARK, "crashed (SIGSEGV)"),
        ("set -x; TOKEN=abcdefgh12345678 true; exit 1", Result.PARK, "exit code 1"),
        ("head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1", Result.PARK, "exit code 1)"),
    ],
)
def test_the_exit_code_decides(program, body, result, says):
    verdict = sent(program(body), LARGE)
    assert verdict.result is result
    assert says in verdict.reason
    assert len(verdict.reason) < 300
    assert verdict.reason.isprintable()
    assert "abcdefgh12345678" not in verdict.reason


def test_a_hundred_megabytes_of_output_are_read_and_not_kept(program):
    body = "head -c 100000000 /dev/zero; head -c 100000000 /dev/zero | tr '\\0' '\\n' >&2; echo full >&2; exit 9"
    assert sent(program(body)).reason.endswith("(exit code 9); it says: full")


def test_secrets_in_its_words_and_those_it_prints_are_masked(program, tmp_path):
    (tmp_path / "rules.txt").touch()
    words = ["--token=hunter2hunter2", "Authorization: Bearer abc123abc123", "rules.txt"]
    body = 'echo "$1 and $2 for rules.txt; https://user:s3cr3tpass@host.example/; password=correct-horse-9" >&2; exit 1'
    settings = program(body, *words)
    verdict = sent(settings)
    request = COMMAND.render(event("tiny"), settings.options)
    for text in (verdict.reason, repr(request), preview(request), str(as_data(request)), repr(settings)):
        for secret in ("hunter2hunter2", "abc123abc123", "s3cr3tpass", "correct-horse-9"):
            assert secret not in text
    assert "rules.txt" in verdict.reason


@pytest.mark.parametrize(
    "body",
    [
        "sleep 600",
        "trap '' TERM INT HUP; cat > /dev/null; while :; do sleep 1; done",
        "sleep 600 & wait",
        "exec 2>&-; exec sleep 600",
        "while :; do echo x; echo y >&2; done",
    ],
)
def test_what_does_not_end_is_killed_with_its_group(program, tmp_path, body):
    verdict = sent(program(f"echo $$ > pid; sh -c 'echo $$ > other; sleep 600' &\n{body}"), LARGE, limit(3))
    assert verdict.result is Result.RETRY
    assert "was killed" in verdict.reason
    pids = [int((tmp_path / name).read_text()) for name in ("pid", "other")]
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_what_stays_in_the_background_is_not_waited_for(program, tmp_path):
    verdict = sent(program("cat > /dev/null; sleep 600 & echo $! > pid; (setsid sleep 30 &) ; echo bad >&2; exit 2"))
    assert (verdict.result, verdict.reason[-3:]) == (Result.PARK, "bad")
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


MISSING = [
    ({"mode": 0o644}, "is not executable: chmod +x it"),
    ({"head": "#!/no/such/interpreter"}, "its interpreter, named in its first line, does not exist"),
    ({"head": "\x7fELF nothing"}, "not a program for this machine"),
]


@pytest.mark.parametrize(("how", "says"), MISSING)
def test_what_cannot_be_started_waits_with_a_reason(program, journal, how, says):
    settle(journal, 1)
    if how.get("mode") and os.getuid() == 0:
        assert "x" in says  # root may start no file without any x either
    report = deliver(journal, [program("exit 0", **how)], budget=PLENTY)
    assert (report.sent, report.waiting, report.parked) == (0, 1, 0)
    assert says in report.problems[0]
    fixed = program("exit 0")
    assert deliver(journal, [fixed], budget=PLENTY, force=True).sent == 1


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({"words": ["./none"], "folder": "/"}, "/none does not exist"),
        ({"words": ["."], "folder": "/usr"}, "is not in PATH"),
        ({"words": ["./bin"], "folder": "/usr"}, "is not a file"),
        (["no-such-program-anywhere"], "is not in PATH"),
        ("./relative", "expected an absolute path"),
        ({"words": ["./x"], "folder": "/no/such"}, "does not exist"),
        ({"words": ["./" + "x" * 5000], "folder": "/"}, "cannot be found"),
        ("", "missing"),
        ("an 'open quote", "expected a program"),
        ([1, 2], "expected a program"),
    ],
)
def test_what_is_no_program_is_said_before_anything_is_started(command, says):
    with pytest.raises(OptionError, match=f"^command: .*({says})"):
        COMMAND.render(event("tiny"), {"command": command})


def test_a_name_is_looked_for_in_absolute_directories_of_path_only(tmp_path, monkeypatch):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "notify").write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / folder / "notify").chmod(0o755)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", f".:{tmp_path / 'there'}:/usr/bin:/bin")
    assert COMMAND.origin({"command": ["notify"]}) == str(tmp_path / "there" / "notify")


def test_its_environment_is_that_of_tfevent_without_the_settings_of_destinations(program, tmp_path, monkeypatch):
    monkeypatch.setenv("TFEVENT_SEMATEXT_TOKEN", "t")
    monkeypatch.setenv("TFEVENT_SLACK_TOKEN_FILE", "f")
    monkeypatch.setenv("TFEVENT_JOURNAL", "/j")
    monkeypatch.setenv("MINE", "m")
    assert sent(program("env > variables")).result is Result.DELIVERED
    found = dict(line.partition("=")[::2] for line in (tmp_path / "variables").read_text().splitlines())
    assert {name for name in found if name.startswith("TFEVENT_")} == {"TFEVENT_DISABLE", "TFEVENT_JOURNAL"}
    assert found["MINE"] == "m"


def test_order_attempts_and_a_failure_that_passes(journal, program, tmp_path):
    settle(journal, 1, 2, 3)
    settings = program('cat >> seen; echo x >> tries; [ "$(wc -l < tries)" -gt 1 ] || exit 75')
    assert deliver(journal, [settings], budget=PLENTY).sent == 3
    titles = [json.loads(line)["title"] for line in (tmp_path / "seen").read_text().splitlines()]
    assert len(titles) == 4
    assert titles[0] == titles[1]
    assert titles[1:] == sorted(titles[1:])


FLUSH = """
import os, sys, time
from change_events.delivery import deliver_directly
from change_events.destinations.base import DestinationSettings
from tests.destinations.kit.events import event
settings = DestinationSettings("own", "command", {"command": {"words": ["./notify"], "folder": sys.argv[1]}})
report = deliver_directly(event("tiny"), [settings], budget=float(sys.argv[2]))
print(report.problems)
sys.stdout.flush()
os._exit(0)
"""


def test_a_process_that_ends_at_the_end_of_its_budget_leaves_nothing_running(program, tmp_path):
    program("echo $$ > pid; exec sleep 600")
    done = subprocess.run(
        [sys.executable, "-c", FLUSH, tmp_path, str(limit(1))],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "own: " in done.stdout
    wait_for(lambda: not alive(int((tmp_path / "pid").read_text())))


def test_nothing_is_started_once_nobody_waits(program, tmp_path):
    settings = program("touch started")
    with open_transport(settings) as transport:
        transport.abandon()
        with pytest.raises(TransportError):
            transport.send(COMMAND.render(event("tiny"), settings.options), time.monotonic() + PLENTY)
    assert not (tmp_path / "started").exists()


def test_doctor_starts_nothing_unless_it_is_asked_to(program, tmp_path):
    settings = program("cat > event.json")
    result = probe(settings, budget=PLENTY)
    assert (result.ok, f"{tmp_path}/notify can be started" in result.text) == (True, True)
    assert not (tmp_path / "event.json").exists()
    assert probe(settings, budget=PLENTY, send_test=True).text == "it accepted a test event"
    assert json.loads((tmp_path / "event.json").read_text())["tags"]["test"] == "true"
    (tmp_path / "notify").unlink()
    assert "does not exist" in probe(settings, budget=PLENTY).text


def test_a_probe_kills_what_does_not_end(program, tmp_path):
    result = probe(program("echo $$ > pid; exec sleep 600"), budget=limit(1), send_test=True)
    assert not result.ok
    wait_for(lambda: not alive(int((tmp_path / "pid").read_text())))


def test_without_notice_of_an_end_it_is_looked_for(program, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    assert sent(program("sleep 0.1; cat > /dev/null"), LARGE).result is Result.DELIVERED
