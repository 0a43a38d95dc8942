"""What the journal remembers of each thing: rows of a settled event, bounds, pruning, journals of older versions."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from change_events.journal import Journal, Retention, schema, touched
from change_events.journal.touched_rows import fingerprint_of, rows_of
from change_events.model import (
    Action,
    Actor,
    AttributeChange,
    Change,
    ChangeOutcome,
    Kind,
    Outcome,
    Phase,
    Playbook,
    Tool,
    Value,
    ValueKind,
    Vcs,
    stack_key,
)
from change_events.model.tasks import HostFailure, TaskRun
from tests.support.sealed import EPOCH, event_id, sealed

ABSENT = Value(kind=ValueKind.ABSENT)
UNKNOWN = Value(kind=ValueKind.UNKNOWN)
VCS = Vcs(repository="acme/infra", path="network", commit="a" * 40)


def shown(text):
    return Value(kind=ValueKind.VALUE, text=text)


def attribute(path, before, after):
    return AttributeChange(path=path, before=shown(before), after=shown(after))


def changed(address="aws_instance.web", *attributes, action=Action.UPDATE, outcome=ChangeOutcome.APPLIED, **fields):
    kind = address.rpartition(".")[0].rpartition(".")[2]
    return Change(address=address, action=action, outcome=outcome, type=kind, attributes=attributes, **fields)


def run(number, *changes, **fields):
    return sealed(number, changes=changes, vcs=VCS, **fields)


def tables(journal, *names):
    count = journal._connection.execute
    return {name: count(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


def all_touches(journal, thing):
    paths = ["", *journal.paths(thing.number, limit=99)]
    return [touch for path in paths for touch in journal.touches(thing.number, path, limit=999)]


def only_thing(journal, address):
    (thing,) = journal.things_at(address, limit=5)
    return thing


def test_an_update_is_remembered_with_fingerprints_and_no_value(journal):
    journal.settle(run(1, changed("aws_instance.web", attribute("instance_type", '"t3.large"', '"t3.micro"'))), [])
    thing = only_thing(journal, "aws_instance.web")
    assert (thing.stack, thing.kind, thing.type) == ("acme/infra network", "resource", "aws_instance")
    whole, one = all_touches(journal, thing)
    assert (whole.path, whole.action, whole.outcome, whole.event) == ("", "update", "applied", event_id(1))
    assert (one.path, one.before, one.after) == (
        "instance_type",
        fingerprint_of(shown('"t3.large"')),
        fingerprint_of(shown('"t3.micro"')),
    )
    assert one.at == EPOCH + timedelta(seconds=1)
    dump = "\n".join(map(str, journal._connection.execute("SELECT * FROM touched").fetchall()))
    assert "t3" not in dump


def test_settling_again_replaces_the_rows(journal):
    journal.settle(run(1, changed("a.b", attribute("x", "1", "2"), attribute("y", "1", "2"))), [])
    journal.settle(run(1, changed("a.b", attribute("x", "1", "3"))), [])
    assert [touch.path for touch in all_touches(journal, only_thing(journal, "a.b"))] == ["", "x"]
    assert journal._connection.execute("SELECT touched FROM totals").fetchone() == (2,)


@pytest.mark.parametrize(
    ("value", "comparable"),
    [
        (shown('"a"'), True),
        (ABSENT, True),
        (Value(kind=ValueKind.SENSITIVE, fingerprint="0123456789ab"), True),
        (Value(kind=ValueKind.LARGE, size=900, fingerprint="0123456789ab"), True),
        (Value(kind=ValueKind.SENSITIVE), False),
        (UNKNOWN, False),
        (Value(kind=ValueKind.HIDDEN), False),
        (shown('"postgres://app:(sensitive)@db"'), False),
        (shown('"https://REDACTED@host"'), False),
    ],
)
def test_a_value_of_which_a_part_is_hidden_is_equal_to_nothing(value, comparable):
    assert (fingerprint_of(value) is not None) is comparable


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"phase": Phase.PLANNED}, "a plan"),
        ({"phase": Phase.CHECKED}, "a check run"),
    ],
)
def test_what_was_only_planned_is_not_remembered(event, why):
    assert rows_of(sealed(1, changes=(changed("a.b", attribute("x", "1", "2")),), **event).event).rows == [], why


@pytest.mark.parametrize(
    "change",
    [
        changed("a.b", outcome=ChangeOutcome.PLANNED),
        changed("a.b", outcome=ChangeOutcome.NOT_ATTEMPTED),
        changed("a.b", action=Action.READ),
        changed("a.b", action=Action.NO_OP),
        changed("data.a.b", mode="data"),
        changed("a.b", deposed="0123abcd", action=Action.DESTROY),
        changed("a." + "b" * 600),
    ],
)
def test_what_did_not_happen_to_the_resource_is_not_remembered(change):
    assert rows_of(run(1, change).event).rows == []


def test_what_a_replacement_computes_is_left_out():
    change = changed(
        "a.b", attribute("size", "1", "2"), AttributeChange(path="id", before=shown("1"), after=UNKNOWN),
        action=Action.REPLACE,
    )  # fmt: skip
    assert [row.path for row in rows_of(run(1, change).event).rows] == ["", "size"]


def test_the_stack_is_the_same_wherever_it_is_checked_out_and_whichever_binary_runs():
    one = run(1, tool=Tool(name="terraform", directory="/home/ann/infra/network", workspace="default")).event
    other = run(2, tool=Tool(name="tofu", directory="/builds/7/infra/network"), actor=Actor(host="ci-7")).event
    prod = run(3, tool=Tool(name="terraform", workspace="prod")).event
    assert stack_key(one) == stack_key(other) == "acme/infra network"
    assert stack_key(prod) == "acme/infra network workspace prod"
    alone = sealed(4, tool=Tool(name="terraform", directory="/srv/x"), actor=Actor(host="box")).event
    assert stack_key(alone) == "box /srv/x"
    play = sealed(5, vcs=VCS, playbook=Playbook(file="site.yml", inventory=("prod",))).event
    assert stack_key(play) == "acme/infra site.yml prod"


def test_tasks_are_remembered_by_the_hosts_they_changed(journal):
    def task(name, outcome=ChangeOutcome.APPLIED, **fields):
        return Change(address=name, action=Action.CHANGE, outcome=outcome, task=TaskRun(**fields))

    event = sealed(
        1,
        playbook=Playbook(file="site.yml"),
        changes=(
            task("web : config", changed_on=("web1", "web2")),
            task("restart", ChangeOutcome.FAILED, changed_on=("web1",), failures=(HostFailure(host="web2"),)),
            task("drain", changed_on=("web1", "web2"), delegated_to=("lb1",)),
            task("looked at", checked=True, changed_on=("web3",)),
            task("ignored", failures=(HostFailure(host="web4", status="ignored"),)),
        ),
    )
    journal.settle(event, [])
    said = {}
    for host in ("web1", "web2", "lb1", "web3", "web4"):
        things = journal.things_at(host, limit=5)
        assert all((thing.kind, thing.stack) == ("host", "") for thing in things)
        said[host] = {touch.path: touch.outcome for thing in things for touch in all_touches(journal, thing)}
    assert said == {
        "web1": {"": "applied", "web : config": "applied", "restart": "applied"},
        "web2": {"": "failed", "web : config": "applied", "restart": "failed"},
        "lb1": {"": "applied", "drain": "applied"},
        "web3": {},
        "web4": {},
    }


def test_an_explicit_event_is_remembered_for_its_machine(journal):
    journal.settle(sealed(1, explicit=True, kind=Kind.BOOT, actor=Actor(host="web1")), [])
    (touch,) = journal.touches(only_thing(journal, "web1").number, limit=9)
    assert (touch.path, touch.action) == ("", "boot")


def test_a_machine_is_found_by_its_id_name_and_address(journal):
    change = changed(
        "aws_instance.web", attribute("private_ip", '"10.0.0.4"', '"10.0.0.5"'), id="i-0abc", identity={"name": "web1"}
    )
    policy = changed("aws_iam_policy.web", attribute("name", '"web1"', '"web2"'), id="arn:aws:iam::1:policy/web")
    journal.settle(run(1, change, policy), [])
    for name in ("i-0abc", "web1", "10.0.0.4", "10.0.0.5"):
        assert [thing.address for thing in journal.things_named(name, limit=5)] == ["aws_instance.web"], name
    assert [thing.address for thing in journal.things_named("arn:aws:iam::1:policy/web", limit=5)] == [
        "aws_iam_policy.web"
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("module.a", ["module.a.x.y", 'module.a.x.z["k"]', "module.a[0].x.y"]),
        ("module.a.x.z", ['module.a.x.z["k"]']),
        ('module.a.x.z["k"]', ['module.a.x.z["k"]']),
        ("*.y", ["module.a.x.y", "module.a[0].x.y", "module.ab.x.y"]),
        ("module.a[*].x.y", ["module.a[0].x.y"]),
        ("module.a[?].*", ["module.a[0].x.y"]),
        ("module.a?.x.y", ["module.ab.x.y"]),
        ("x.y", []),
    ],
)
def test_addresses_are_found_whole_by_prefix_and_by_glob(journal, pattern, expected):
    addresses = ("module.a.x.y", "module.ab.x.y", 'module.a.x.z["k"]', "module.a[0].x.y")
    journal.settle(run(1, *(changed(address) for address in addresses)), [])
    assert [thing.address for thing in journal.things_at(pattern, limit=9)] == expected


def test_moves_are_kept_both_ways(journal):
    journal.settle(run(1, changed("x.new", action=Action.MOVE, previous_address="x.old")), [])
    journal.settle(run(2, changed("x.z", previous_address="x.q", outcome=ChangeOutcome.FAILED)), [])
    for address in ("x.new", "x.old"):
        assert [(move.old, move.new) for move in journal.moves("acme/infra network", address)] == [("x.old", "x.new")]
    assert journal.moves("acme/infra network", "x.z") == []


def test_pruned_events_take_their_rows_with_them(tmp_path):
    with Journal.open(tmp_path / "journal.db", caps=Retention(events=10)) as journal:
        for number in range(30):
            change = changed(
                f"x.n{number}", attribute("a", "1", "2"), id=f"id-{number}", previous_address=f"x.o{number}"
            )
            journal.settle(run(number, change), [])
        left = tables(journal, "events", "touched", "things", "names", "moves", "indexed")
        assert left["touched"] == 2 * left["events"]
        assert {left[name] for name in ("things", "moves", "indexed")} == {left["events"]}
        assert left["names"] == 2 * left["events"], "an id, and the address before the move"
        assert journal._connection.execute("SELECT touched FROM totals").fetchone() == (left["touched"],)


def test_rows_are_bounded_by_event_and_in_all(journal, monkeypatch):
    monkeypatch.setattr("change_events.journal.touched_rows.MOST_ROWS", 5)
    wide = rows_of(run(1, *(changed(f"x.n{n}", attribute("a", "1", "2")) for n in range(4))).event).rows
    assert [row.path for row in wide] == ["", "", "", "", "a"], "a limit cuts attributes before things"
    connection = journal._connection
    for number in range(10):
        journal.settle(run(number, changed(f"x.n{number}", attribute("a", "1", "2"))), [])
    connection.execute("BEGIN")
    touched.record(connection, 10, run(9, changed("x.n9", attribute("a", "1", "3"))).event, most=8)
    connection.execute("COMMIT")
    assert tables(journal, "touched", "things", "events") == {"touched": 8, "things": 4, "events": 10}
    assert journal.known().since == EPOCH + timedelta(seconds=6)


def older_journal(path, events):
    """A journal as the version before the rows left it."""
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, str(path), schema.MIGRATIONS[:7])
    for number in range(1, events + 1):
        event = run(number, changed("x.y", attribute("a", str(number), str(number + 1))), outcome=Outcome.SUCCEEDED)
        micros = int((EPOCH + timedelta(seconds=number)).timestamp() * 1_000_000)
        connection.execute(
            "INSERT INTO events (id, state, started_at, kind, phase, severity, title) "
            "VALUES (?, 'settled', ?, 'infrastructure', 'applied', 'info', 't')",
            (event.event.id, micros),
        )
        connection.execute("INSERT INTO bodies (seq, search, body) VALUES (last_insert_rowid(), '', ?)", (event.body,))
    connection.close()


def test_an_older_journal_is_indexed_in_steps_and_a_run_does_not_wait_for_it(tmp_path, monkeypatch):
    path = tmp_path / "journal.db"
    older_journal(path, 450)
    with Journal.open(path) as journal:
        journal.settle(run(500, changed("x.y", attribute("a", "500", "501"))), [])
        assert tables(journal, "touched") == {"touched": 2}, "a run writes its own rows only"
        assert not journal.known().complete
        assert not journal.index_older(0), "one step took longer than no time at all"
        assert tables(journal, "touched") == {"touched": 2 + 2 * touched.STEP}
        assert not journal.known().complete
        assert journal.index_older(600)
        assert journal.known().complete
        assert journal.known().since == EPOCH + timedelta(seconds=1)
        touches = journal.touches(only_thing(journal, "x.y").number, "a", limit=1000)
        assert [touch.at for touch in touches] == sorted((touch.at for touch in touches), reverse=True)
        assert len(touches) == 451
        monkeypatch.setattr(touched, "index_step", None)
        assert journal.index_older(0), "nothing is left, and nothing is looked at"


def test_an_event_that_cannot_be_read_does_not_stop_the_indexing(tmp_path):
    path = tmp_path / "journal.db"
    older_journal(path, 3)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE bodies SET body = ? WHERE seq = 2", (b"{}",))
    connection.close()
    with Journal.open(path) as journal:
        assert journal.index_older(600)
        assert tables(journal, "touched", "indexed") == {"touched": 4, "indexed": 3}


def test_a_new_journal_has_nothing_to_index(journal):
    assert journal.known() == type(journal.known())(None, complete=True)
    assert journal.index_older(0)


@pytest.mark.parametrize(
    ("attribute_path", "expected"),
    [
        ("", ["ami", "tags", "tags.Name", "tags_all", "web[0].size", "web[1].size"]),
        ("tags", ["tags", "tags.Name"]),
        ("web", ["web[0].size", "web[1].size"]),
        ("web[1]", ["web[1].size"]),
        ("we", []),
    ],
)
def test_attributes_are_found_with_those_below_them(journal, attribute_path, expected):
    paths = ("ami", "tags", "tags.Name", "tags_all", "web[0].size", "web[1].size")
    for number in range(3):
        journal.settle(run(number, changed("a.b", *(attribute(path, "1", "2") for path in paths))), [])
    assert journal.paths(only_thing(journal, "a.b").number, attribute_path, limit=99) == expected


def test_one_pruning_removes_no_more_rows_than_a_run_may_wait_for(tmp_path, monkeypatch):
    monkeypatch.setattr("change_events.journal.pruning._ROWS", 8)
    with Journal.open(tmp_path / "journal.db") as journal:
        for number in range(20):
            journal.settle(run(number, changed("x.y", attribute("a", "1", "2"))), [])
    with Journal.open(tmp_path / "journal.db", caps=Retention(events=10)) as journal:
        journal.settle(run(20, changed("x.y", attribute("a", "1", "2"))), [])
        assert tables(journal, "events", "touched") == {"events": 17, "touched": 34}
        for number in range(21, 26):
            journal.settle(run(number, changed("x.y", attribute("a", "1", "2"))), [])
        assert tables(journal, "events")["events"] <= 10


def test_an_event_whose_rows_cannot_be_made_is_recorded_all_the_same(journal, monkeypatch):
    def broken(_):
        raise ValueError("no")

    monkeypatch.setattr(touched, "rows_of", broken)
    journal.settle(run(1, changed("x.y")), [])
    assert tables(journal, "events", "indexed", "touched") == {"events": 1, "indexed": 1, "touched": 0}
