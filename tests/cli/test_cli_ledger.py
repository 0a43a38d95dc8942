"""`--ledger`: the commands that ask about events print the same of a ledger as of the journal, but for deliveries.

By SQL, and by HTTP from a collector.
"""

from __future__ import annotations

import json
import re

import pytest

from change_events.cli.exit_handling import EXIT_LEDGER
from tests.cli.home import Home
from tests.cli.sample import NOON, partial, running, succeeded
from tests.support.collector import collecting
from tests.support.ledger import filled as ledger_of
from tests.support.postgres import postgres
from tests.support.selection import slow_except

__all__ = ["postgres"]

EVENTS = (succeeded(), partial(), running())
AT = NOON.strftime("%Y-%m-%dT%H:%M:00Z").replace("12:00", "12:30")
COMMANDS = {
    "list": ("list",),
    "list: filtered": ("list", "--environment", "prod", "--since", "2020-01-01", "--text", "NETWORK"),
    "list: JSON": ("list", "--json", "--limit", "0"),
    "list: nothing": ("list", "--service", "none"),
    "show": ("show", partial().id[:13]),
    "show: last": ("show", "last-2", "--json"),
    "show: tree": ("show", "last", "--tree"),
    "show: unknown": ("show", "ffff"),
    "why": ("why", "aws_db_instance.main", "--json"),
    "why: unknown": ("why", "aws_db_instance.mian"),
    "suspects": ("suspects", "--at", AT, "--service", "shop", "--json"),
    "suspects: unknown": ("suspects", "--at", AT, "--service", "shpo"),
    "report": ("report", "--since", "2020-01-01", "--html"),
    "report: Markdown": ("report", "last", "-2"),
    "diff": ("diff", "-2", "last", "--json"),
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine whose journal has what the ledger has."""
    home = Home(tmp_path_factory.mktemp("machine"))
    home.fill(*EVENTS)
    return home


@pytest.fixture(scope="module")
def url(postgres, machine):
    with machine.journal() as journal:
        recorded = [journal.get(event.id).event for event in EVENTS]
    with ledger_of(postgres, recorded) as url:
        yield url


@pytest.fixture(scope="module")
def collector(url):
    with collecting(url) as running:
        yield running


def by_http(collector, **more):
    return {"TFEVENT_LEDGER": collector.url, "TFEVENT_LEDGER_TOKEN": collector.token("ops"), **more}


@pytest.fixture
def elsewhere(tmp_path):
    """Another machine, which has recorded nothing."""
    return Home(tmp_path)


def without_deliveries(text):
    """What is printed, but for what it says of deliveries, and of teams."""
    text = text.replace(',"teams":["ops"],"differing_teams":[]', "").replace("\nteam       ops\n", "\n")
    text = re.sub(r',\n  "teams": \[\n    "ops"\n  \],\n  "differing_teams": \[\]', "", text)
    text = re.sub(r',"deliveries":(\[\]|null)}', "}", text)
    text = re.sub(r"\n\nDelivery\n.*", "\n", text, flags=re.DOTALL)
    return text.replace("\tjournal\t", "\tledger\t").replace("the journal does not", "the ledger does not")


@pytest.mark.parametrize("name", slow_except(COMMANDS, "list: JSON", "show", "why", "suspects: unknown", "report"))
def test_the_same_is_printed_of_a_ledger_as_of_the_journal(machine, elsewhere, url, name):
    assert_same(machine, elsewhere, COMMANDS[name], {"TFEVENT_LEDGER": url})


@pytest.mark.parametrize("name", slow_except(COMMANDS, "list: filtered", "show", "why: unknown", "suspects", "diff"))
def test_the_same_is_printed_by_http(machine, elsewhere, collector, name):
    assert_same(machine, elsewhere, COMMANDS[name], by_http(collector))


def assert_same(machine, elsewhere, words, env):
    ours, theirs = machine.run(*words), elsewhere.run(*words, env=env)
    assert without_deliveries(theirs.stdout.decode()) == without_deliveries(ours.stdout.decode())
    assert theirs.stderr.decode() == without_deliveries(ours.stderr.decode())
    assert theirs.returncode == ours.returncode
    assert theirs.stdout or theirs.stderr
    assert not elsewhere.journal_path.exists(), "nothing was asked of the journal"


def test_of_deliveries_nothing_is_said(elsewhere, url):
    (line, *_) = elsewhere.events("list", "--json", "--ledger", url).splitlines()
    assert json.loads(line)["deliveries"] is None
    assert "Delivery" not in elsewhere.events("show", "last", "--ledger", url)
    done = elsewhere.run("list", "--undelivered", "--ledger", url)
    assert done.returncode == EXIT_LEDGER
    assert b"each machine's journal does; leave out --undelivered, or --ledger\n" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("flush", "--ledger", "x"), 2, "Error: `flush` works on the journal of this machine: leave out --ledger\n"),
        (("list", "--team", "ops"), 2, "Error: --team needs --ledger\n"),
        (("list", "--ledger", ""), 2, "Error: Invalid value for '--ledger': the value is empty\n"),
        (("list", "--ledger", "https://geheim@x"), EXIT_LEDGER,
         ("tfevent: the address of the collector has parts that it may not have; expected https://HOST[:PORT]; a token "
         "or a password is not part of it; TFEVENT_LEDGER_READ_TOKEN holds the token\n")),
        (("list", "--ledger", "ftp://geheim"), EXIT_LEDGER,
         ("tfevent: this is not the address of a ledger; expected postgresql://USER@HOST:PORT/DATABASE, or "
         "https://HOST of a collector\n")),
        (("list", "--ledger", "https://127.0.0.1:9"), EXIT_LEDGER,
         ("tfevent: a collector is asked with a token: TFEVENT_LEDGER_READ_TOKEN holds none; `tfevent events ledger "
         "token create --read` makes one\n")),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_an_error(elsewhere, words, code, said):
    done = elsewhere.run(*words)
    assert (done.returncode, done.stdout) == (code, b"")
    assert done.stderr.decode().endswith(said)
    assert b"geheim" not in done.stderr


def test_a_wrong_password_is_one_line_with_an_exit_code_of_its_own(elsewhere, postgres, url):
    name = url.rpartition("/")[2]
    done = elsewhere.run("list", env={"TFEVENT_LEDGER": postgres.url(name, password="geheim")})
    assert (done.returncode, done.stdout) == (EXIT_LEDGER, b"")
    assert done.stderr.decode() == (
        f'tfevent: ledger 127.0.0.1:{postgres.port}/{name}: password authentication failed for user "postgres"; '
        "check user and password; PGPASSWORD or ~/.pgpass keep one\n"
    )


def test_a_token_that_is_not_taken_is_one_line_with_the_same_exit_code(elsewhere, collector):
    token = f"tfel_{'x' * 43}"
    done = elsewhere.run("list", env=by_http(collector, TFEVENT_LEDGER_TOKEN=token))
    assert (done.returncode, done.stdout) == (EXIT_LEDGER, b"")
    assert done.stderr.decode() == (
        f"tfevent: collector {collector.url}: this ledger does not know the token; `tfevent events ledger token "
        "create` makes another one; TFEVENT_LEDGER_TOKEN holds it\n"
    )


@pytest.mark.parametrize(
    ("name", "most"),
    [("list: JSON", 1), ("show", 1), ("show: tree", 9), ("why", 1), ("suspects", 2), ("report", 1), ("diff", 2)],
)
def test_a_command_asks_a_few_questions_in_all(elsewhere, collector, name, most):
    """Each is a way to the collector and back."""
    before = len(collector.asked)
    elsewhere.events(*COMMANDS[name], env=by_http(collector))
    assert 0 < len(collector.asked) - before <= most, collector.asked[before:]


def test_a_token_is_of_one_team(elsewhere, collector):
    assert elsewhere.events("list", "--team", "ops", env=by_http(collector))
    done = elsewhere.run("list", "--team", "shop", env=by_http(collector))
    assert (done.returncode, done.stdout) == (EXIT_LEDGER, b"")
    assert done.stderr.decode().endswith(
        ": the token is for team 'ops', and for no other one; leave out --team, or use a token of that team\n"
    )


def test_no_settings_choose_the_collector_or_the_token(machine, elsewhere, collector):
    (elsewhere.path / "tfevent.yaml").write_text(f"ledger: {{url: {collector.url}, token: {collector.token('ops')}}}\n")
    assert b"the journal is empty" in elsewhere.run("list").stderr
    assert b"TFEVENT_LEDGER_READ_TOKEN holds none" in elsewhere.run("list", "--ledger", collector.url).stderr


def test_a_collector_needs_no_extra(elsewhere, collector, tmp_path):
    for name in ("psycopg", "starlette", "uvicorn"):
        (tmp_path / f"{name}.py").write_text(f'raise ModuleNotFoundError("No module named {name}", name="{name}")\n')
    path = f"{tmp_path}:{elsewhere.environ['PYTHONPATH']}"
    for words in (("list",), ("why", "aws_db_instance.main")):
        assert elsewhere.events(*words, env=by_http(collector, PYTHONPATH=path))


def test_without_the_extra_it_says_how_to_get_it(elsewhere, tmp_path):
    (tmp_path / "psycopg.py").write_text('raise ModuleNotFoundError("No module named psycopg", name="psycopg")\n')
    done = elsewhere.run(
        "list", "--ledger", "postgresql://h/d", env={"PYTHONPATH": f"{tmp_path}:{elsewhere.environ['PYTHONPATH']}"}
    )
    assert done.returncode == EXIT_LEDGER
    assert done.stderr.decode() == "tfevent: a ledger needs the package psycopg: pip install 'tfevent[server]'\n"


def test_an_empty_ledger_says_so(elsewhere, postgres):
    with ledger_of(postgres, ()) as empty:
        done = elsewhere.run("list", "--ledger", empty)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().startswith("tfevent: the ledger is empty: machines with a destination `ledger` fill it")
