"""Events recorded while the settings have mistakes are delivered when these are mended."""

import pytest

from tests.cli.home import Home
from tests.support.receiver import Receiver, status
from tests.support.selection import slow, slow_except


@pytest.fixture
def receiver():
    with Receiver() as one:
        yield one


@pytest.fixture
def machine(tmp_path):
    home = Home(tmp_path)
    home.environ["TFEVENT_BUDGET"] = "60"  # a busy machine
    return home


def write(machine, receiver, hook="", top=""):
    text = f"{top}\ndestinations:\n  hook:\n    kind: webhook\n    url: {receiver.url}\n{hook}"
    (machine.path / "tfevent.yaml").write_text(text)


def titles(receiver):
    return [request.json()["title"] for request in receiver.accepted]


MISTAKES = {
    "no YAML": {"top": "a: [\n"},
    "no mapping": {"top": "- a"},
    "when": {"hook": "    when: {severity: loud}\n"},
    "when is a list": {"hook": "    when: [a]\n"},
    "report": {"hook": "    report: sometimes\n"},
    "values": {"hook": "    values: some\n"},
    "map_tags": {"hook": "    map_tags: {a: b, c: b}\n"},
}


@pytest.mark.parametrize("name", slow_except(MISTAKES, "no YAML", "when", "map_tags"))
def test_they_wait_and_are_delivered_once_it_is_mended(machine, receiver, name):
    write(machine, receiver, **MISTAKES[name])
    done = machine.run("send", "--title", "one")
    assert done.returncode == 0
    assert titles(receiver) == []
    assert "one" in machine.events("list", "--undelivered")
    machine.run("flush")
    assert titles(receiver) == []
    write(machine, receiver)
    machine.events("send", "--title", "two")
    assert sorted(titles(receiver)) == ["one", "two"]
    machine.events("flush")
    assert len(titles(receiver)) == 2
    assert "one" not in machine.events("list", "--undelivered")


@pytest.mark.parametrize("entry", ["hook: {kind: webhok, url: x}", "hook: text", "hook: {url: x}"])
def test_a_destination_that_is_none_gets_them_when_it_is_one(machine, receiver, entry):
    (machine.path / "tfevent.yaml").write_text(f"destinations:\n  {entry}\n")
    machine.events("send", "--title", "one")
    write(machine, receiver)
    machine.events("flush")
    assert titles(receiver) == ["one"]


def test_conditions_are_asked_late_and_what_was_asked_for_by_name_is_kept(machine, receiver):
    write(machine, receiver, "    when: {severity: loud}\n")
    machine.events("send", "--title", "quiet")
    machine.events("send", "--title", "loud", "--severity", "error")
    machine.events("send", "--title", "by name", "--destination", "hook")
    write(machine, receiver, "    when: {severity: error}\n")
    machine.events("flush")
    assert sorted(titles(receiver)) == ["by name", "loud"]


def test_the_settings_of_another_project_do_not_decide(machine, receiver, tmp_path):
    write(machine, receiver, "    when: {severity: loud}\n")
    machine.events("send", "--title", "one")
    other = Home(tmp_path)
    other.environ["TFEVENT_BUDGET"] = "60"
    other.path = tmp_path / "state" / "other"
    other.path.mkdir()
    (machine.path / "tfevent.yaml").rename(machine.path / "aside.yaml")
    write(other, receiver)
    other.events("flush")
    assert titles(receiver) == []
    write(machine, receiver)
    machine.events("flush")
    assert titles(receiver) == ["one"]


@pytest.mark.parametrize(
    ("where", "template"),
    [
        ("for all", "{{ titel }}"),
        slow("for all", "{% if %}"),
        ("for all", "{{ lipsum(n=100000) }}"),
        slow("for one", "{{ titel }}"),
        ("for one", "{% if %}"),
    ],
)
def test_a_broken_template_decides_nothing(machine, receiver, template, where):
    line = f'title_template: "{template}"\n'
    write(machine, receiver, f"    {line}") if where == "for one" else write(machine, receiver, top=line)
    done = machine.run("send", "--title", "one")
    assert done.stderr.decode().count("title_template") == 1, done.stderr.decode()
    assert titles(receiver) == ["one"]


@pytest.mark.parametrize("token", slow_except(["", "tfel_a\nb"], ""))
def test_a_variable_without_a_usable_secret_keeps_events_until_it_is_corrected(machine, token):
    with Receiver(always=status(200, b'{"received": 1, "written": 1}')) as collector:
        machine.environ |= {"TFEVENT_LEDGER_URL": collector.url, "TFEVENT_LEDGER_TOKEN": token}
        done = machine.run("send", "--title", "one")
        assert done.returncode == 0
        assert "TFEVENT_LEDGER_TOKEN" in done.stderr.decode()
        machine.environ["TFEVENT_LEDGER_TOKEN"] = "tfel_" + "a" * 43
        machine.events("flush")
        assert titles(collector) == ["one"]
