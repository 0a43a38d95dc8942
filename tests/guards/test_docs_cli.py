"""docs/reference/cli.md names every command and option there is and no other, and the sessions in it really look so."""

from __future__ import annotations

import os
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import click
import msgspec
import pytest

from change_events.cli.app import COMMANDS, PROGRAM, events
from tests.cli.home import Home
from tests.cli.sample import NOON, partial, running, succeeded
from tests.support.receiver import Receiver

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "cli.md"
PLAN = ROOT / "tests" / "cli" / "plans" / "lifecycle_basic__1.json"
STATES = ROOT / "tests" / "cli" / "states"
SESSION = re.compile(r"```console\n\$ (?P<line>[^\n]+)\n(?P<shown>.*?)```", re.DOTALL)
COLUMNS = 110
TERRAFORM = '#!/bin/sh\necho \'{"terraform_version": "1.11.4", "platform": "linux_amd64"}\'\n'


def section(name):
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/cli.md has no section on {name}"
    return found[1]


def command(name):
    context = events.make_context(PROGRAM, ["version"], resilient_parsing=True)
    return events.get_command(context, name)


def options(name):
    return {
        word for parameter in command(name).params if isinstance(parameter, click.Option) for word in parameter.opts
    }


def rows(name):
    return "\n".join(line.split(" | ")[0] for line in section(name).splitlines() if line.startswith("| `--"))


def test_every_command_has_a_section_and_no_other_has():
    titles = re.findall(r"^## (\S+)$", PAGE.read_text(), re.MULTILINE)
    assert titles == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_and_no_other_is(name):
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rows(name))) == options(name)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_choice_is_documented(name):
    for parameter in command(name).params:
        if isinstance(parameter.type, click.Choice):
            row = next(
                line for line in section(name).splitlines() if line.startswith("| `") and parameter.opts[0] in line
            )
            assert set(parameter.type.choices) <= set(re.findall(r"`(\w+)`", row))


@pytest.fixture
def machine(tmp_path):
    """The machine of the page: three runs, one just now; a terraform, and a webhook that has not got them yet."""
    shift.cache_clear()
    home = home_with_tools(tmp_path)
    shutil.copy(PLAN, tmp_path / "plan.json")
    shutil.copytree(STATES, tmp_path, dirs_exist_ok=True)
    home.fill(*(recent(event) for event in (succeeded(), partial(), running())), destinations=["webhook"])
    return home


def home_with_tools(path):
    home = Home(path)
    tools = path / "bin"
    tools.mkdir(parents=True)
    script(tools / "terraform", TERRAFORM)
    script(tools / "tfevent", f'#!/bin/sh\nexec {sys.executable} -m tf_wrapper "$@"\n')
    home.environ |= {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "TFEVENT_TF_BINARY": str(tools / "terraform"),
        "NO_COLOR": "1",
    }
    del home.environ["TFEVENT_BUDGET"]  # doctor would show where it is from
    return home


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)


@cache  # one answer for a test, in which a minute may pass
def shift():
    """The page says "2 h ago" of what happened at the sample's noon, whenever it is tested."""
    return (datetime.now(UTC) - timedelta(hours=2, minutes=10) - NOON) // timedelta(minutes=1) * timedelta(minutes=1)


def recent(event):
    times = {name: getattr(event, name) for name in ("started_at", "ended_at")}
    return msgspec.structs.replace(event, **{name: time and time + shift() for name, time in times.items()})


def as_on_the_page(text, home):
    """Take out what differs from machine to machine and from day to day, column for column."""
    text = click.unstyle(text)  # jq's own
    for event in (partial(), succeeded(), running()):
        then, noon = event.started_at + shift(), event.started_at
        for form in ("%Y-%m-%d %H:%M", "%m-%d %H:%M", "%Y-%m-%dT%H:%M"):
            text = text.replace(then.strftime(form), noon.strftime(form))
    text = text.replace(str(home.path / "bin"), "/usr/local/bin").replace(str(home.path), "/home/ann")
    text = re.sub(r"(?m)^\s*[\u2800-\u28ff] .*\n", "", text)  # the progress of a flush on a busy machine
    text = re.sub(r"\A\s*[\r\n]", "", text)  # the line that it was on, where it was wiped
    return "\n".join(line.rstrip() for line in text.replace("127.0.0.1", "hooks.example.com").splitlines()) + "\n"


def as_just_recorded(text):
    """The same for what a session has recorded itself: its id, and the machine's own name."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "019ab0f1-5e00-7aaa-8bbb-00000000abcd", text)
    return text.replace(f" on {os.uname().nodename}", " on bastion-1")


@pytest.mark.timeout(600)  # some thirty commands, on a busy machine
@pytest.mark.skipif(shutil.which("jq") is None, reason="the page pipes into jq")
def test_the_sessions_on_the_page_are_real(machine, tmp_path, request):
    page = PAGE.read_text()
    sender = home_with_tools(tmp_path / "sender")  # what is recorded there is not in the journal of the other sessions

    def replay(found):
        if re.match(r"tfevent events (send|run|boot|start|stop) ", found["line"]):
            shown = as_just_recorded(sender.type(["sh", "-c", found["line"]], env={"TFEVENT_BUDGET": "20"}).text)
        else:
            shown = machine.type(["sh", "-c", found["line"]], env=environ).text
        return f"```console\n$ {found['line']}\n{as_on_the_page(shown, machine)}```"

    with Receiver() as receiver:
        environ = {"COLUMNS": str(COLUMNS), "TFEVENT_WEBHOOK_URL": receiver.url}
        real = SESSION.sub(replay, page)
    if request.config.getoption("--update-golden", default=False):
        PAGE.write_text(real)
    else:
        assert real == page, "docs/reference/cli.md shows what tfevent no longer prints: pytest --update-golden"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_one_line_of_its_own_in_the_list_of_commands(name):
    line = command(name).short_help
    assert line, f"{name} has no short_help: click would cut its docstring"
    assert "\n" not in line
    assert len(line) <= 80 - 2 - 4 - max(map(len, COMMANDS)), f"{name}: too long for a terminal of 80 columns"
