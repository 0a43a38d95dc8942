"""Doctor on destinations: tests on request, preparations, what is owed, and routing that leads nowhere."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from tests.cli.sample import partial, succeeded
from tests.destinations.kit.backend import SECRET as KIT_SECRET
from tests.destinations.kit.backend import backend
from tests.support.receiver import Receiver, hang, refused_url, slow, status
from tests.support.speed import HURRIED, at_most, stopwatch

TERRAFORM = '#!/bin/sh\necho \'{"terraform_version": "1.11.4", "platform": "linux_amd64"}\'\n'
SECRET = "planted-secret-of-the-hook"


@pytest.fixture
def machine(home):
    """A home with a terraform that answers, and settings to be written."""
    binary = home.path / "terraform"
    binary.write_text(TERRAFORM)
    binary.chmod(0o755)
    home.environ["TFEVENT_TF_BINARY"] = str(binary)
    return home


def write(home, text="", **destinations):
    document = {name: {"kind": "webhook", **options} for name, options in destinations.items()}
    (home.path / "tfevent.yaml").write_text(f"{text}\ndestinations: {json.dumps(document)}\n")
    (home.path / "tfevent.yaml").chmod(0o600)


def lines(done, name):
    """Verdict and text of each line about a destination, with what stands below it."""
    found: list[list[str]] = []
    for line in done.stdout.decode().splitlines():
        if line.startswith(" ") and found:
            found[-1][2] += f" {line.strip()}"
        else:
            found.append([line[:9].strip(), line[9:27].strip(), line[27:]])
    return [(verdict, text) for verdict, what, text in found if what == name]


def test_a_test_goes_to_the_one_that_is_named_and_reports_how_long_it_took(machine):
    with Receiver() as one, Receiver([slow(0.3)]) as other:
        write(machine, one={"url": one.url}, other={"url": other.url})
        with stopwatch() as whole:
            done = machine.run("doctor", "--send-test", "other")
        assert [received.body for received in one.received] == [b""], "only a knock"
        (sent,) = other.received
    assert done.returncode == 0
    assert sent.json()["title"] == "tfevent test event"
    ((verdict, text),) = lines(done, "other")
    seconds = re.fullmatch(r"it accepted a test event \((\d+\.\d\d) s\)", text)
    assert verdict == "ok"
    assert 0.3 <= float(seconds[1]) <= whole.seconds


def test_a_test_goes_to_all_and_each_has_its_verdict(machine):
    with Receiver() as one, Receiver(always=status(403)) as other:
        write(machine, one={"url": one.url}, other={"url": f"{other.url}/{SECRET}"})
        done = machine.run("doctor", "--send-test")
    assert done.returncode == 1
    assert lines(done, "one")[0][0] == "ok"
    assert lines(done, "other")[0][0] == "error"
    assert "access is denied (403)" in lines(done, "other")[0][1]
    assert SECRET not in (done.stdout + done.stderr).decode()


def test_a_test_is_shaped_like_any_event(machine):
    with Receiver() as one:
        write(
            machine, one={"url": one.url, "title_template": "T: {{ title }}", "message_template": "{{ event.vcs.x }}"}
        )
        done = machine.run("doctor", "--send-test", "one")
        assert one.received[0].json()["title"] == "T: tfevent test event"
    ((verdict, text),) = lines(done, "one")
    assert verdict == "ok"
    assert "message_template, line 1" in text


def test_an_unknown_name_is_reported_before_anything_is_sent(machine):
    with Receiver() as one:
        write(machine, one={"url": one.url})
        for words in (("--send-test", "two"), ("--setup", "two")):
            done = machine.run("doctor", *words)
            assert (done.returncode, one.received) == (1, [])
            assert "the settings name no destination 'two': there are one" in done.stderr.decode()


@pytest.mark.slow
def test_those_that_do_not_answer_are_asked_side_by_side(machine):
    with Receiver(always=hang()) as silent:
        write(machine, **{f"d{number}": {"url": silent.url} for number in range(6)})
        with at_most(15, "each by itself would take three seconds"):
            assert machine.run("doctor", env=HURRIED).returncode == 1


def test_what_is_owed_is_reported_with_its_age_and_the_remedy(machine):
    with Receiver() as one:
        write(machine, one={"url": one.url})
        machine.fill(partial(), succeeded(), destinations=["one", "gone"])
        with machine.journal() as journal:
            (delivery,) = journal.claim(["one"], 1, 5)
            journal.park(delivery, "401")
            journal._connection.execute("UPDATE deliveries SET since = since - 3 * 86400 WHERE state = 'waiting'")
        done = machine.run("doctor")
    reachable, owed = lines(done, "one")
    assert reachable[0] == "ok"
    assert owed[0] == "warning"
    assert re.match(r"1 waiting, for 3 days; 1 parked, for (less than a|\d) second", owed[1])
    assert "`tfevent events flush --parked` also parked ones." in owed[1]
    ((verdict, text),) = lines(done, "gone")
    assert verdict == "warning"
    assert text.startswith("2 waiting, the oldest for 3 days, but not in the settings")
    assert done.returncode == 0


def test_one_whose_settings_have_a_mistake_is_in_the_settings(machine):
    write(machine, one={"urll": "https://example.com"})
    machine.fill(succeeded(), destinations=["one"])
    done = machine.run("doctor")
    verdict, text = lines(done, "one")[-1]
    assert verdict == "warning"
    assert text.startswith("1 waiting, for ")
    assert "but not usable" in text
    assert not lines(done, "destinations")
    assert b"not in the settings" not in done.stdout


@pytest.mark.parametrize(
    ("general", "own", "words"),
    [
        (
            "",
            {"when": {"phase": "planned"}},
            "no event can be sent there: `report` and `plans` keep such events from it",
        ),
        ("plans: send", {"when": {"phase": "planned"}}, None),
        ("", {"when": {"counts": {"destroy": "<0"}}}, "no event can be sent there: nothing meets `counts`"),
        (
            "",
            {"when": [{"kind": "boot", "explicit": False}, {"kind": "boot"}]},
            "entry 1 of `when`: nothing meets `kind`",
        ),
        ("", {"include_started": True, "when": {"outcome": "failed"}}, "`include_started` is without effect"),
        ("", {"when": {"environment": ["prod-*", "?*"], "severity": "error"}}, None),
    ],
)
def test_routing_that_leads_nowhere_is_a_warning(machine, general, own, words):
    with Receiver() as one:
        write(machine, general, one={"url": one.url, **own})
        done = machine.run("doctor")
    _, *checks = lines(done, "one")
    assert done.returncode == 0
    assert [verdict for verdict, _ in checks] == (["warning"] if words else [])
    assert words is None or words in checks[0][1]


def test_conditions_are_tried_on_what_the_journal_holds(machine):
    events = [
        msgspec.structs.replace(
            partial() if number % 4 == 0 else succeeded(), id=f"019ab0f1-5e00-7aaa-8bbb-{number:012x}"
        )
        for number in range(24)
    ]
    machine.fill(*events)
    with Receiver() as one:
        write(
            machine,
            some={"url": one.url, "when": {"severity": "error"}},
            none={"url": one.url, "when": {"environment": "prdo"}},
            all={"url": one.url},
        )
        done = machine.run("doctor")
    assert lines(done, "some")[1:] == [("ok", "of the last 24 events 6 would go there")]
    assert lines(done, "none")[1:] == [("warning", "of the last 24 events none would go there")]
    assert lines(done, "all")[1:] == []


def search(url):
    return {"kind": "elasticsearch", **backend("elasticsearch").options(url)}


def test_a_backend_is_prepared_after_saying_how(machine):
    with backend("elasticsearch").serve() as one:
        write(machine, search=search(one.url))
        done = machine.run("doctor", "--setup", "search", "--yes")
        sent = one.received
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert shown.endswith("search is prepared\n")
    assert KIT_SECRET not in shown
    for number, request in enumerate(sent, 1):
        assert f"{number} of {len(sent)}, for search:\n{request.method} {one.url}{request.path}\n" in shown
        assert json.dumps(request.json(), indent=2, ensure_ascii=False) in shown
    assert sent


def test_without_a_yes_nothing_is_sent(machine):
    with Receiver() as one:
        write(machine, search=search(one.url))
        done = machine.run("doctor", "--setup", "search")
        assert (done.returncode, one.received) == (1, [])
    assert "1 of 1, for search:" in done.stdout.decode()
    assert "nothing was sent: confirm with --yes" in done.stderr.decode()


def test_a_preparation_that_is_refused_says_so(machine):
    with Receiver(always=status(403)) as one:
        write(machine, search=search(one.url))
        done = machine.run("doctor", "--setup", "search", "--yes")
    assert done.returncode == 1
    assert "search: 1 of 1 was not accepted: " in done.stderr.decode()
    write(machine, search=search(refused_url()))
    done = machine.run("doctor", "--setup", "search", "--yes")
    assert (done.returncode, b"connection refused" in done.stderr) == (1, True)
    assert KIT_SECRET not in done.stderr.decode()


def test_most_backends_need_none(machine):
    write(machine, one={"url": "https://hooks.example"})
    done = machine.run("doctor", "--setup", "one", "--yes")
    assert (done.returncode, done.stdout) == (1, b"")
    assert "one: Webhook needs no preparation" in done.stderr.decode()
