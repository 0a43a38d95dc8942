"""What is new since the last check: reported once when it appears, changes or is gone, never in between."""

from __future__ import annotations

from change_events.drift.memory import dedup_key, steps
from change_events.drift.results import DirectoryCheck, Drifted, Reason, Status
from change_events.model import Action, Drift, DriftStatus
from change_events.redact import Redactor


def drifted(address="a.b", size="1", **paths):
    fingerprints = {"size": size, **paths}
    return Drifted(Drift(address=address, action=Action.UPDATE, type="a"), fingerprints, ("i-1",))


def check(*found, path="/code/a", status=None, workspace="default", **fields):
    status = status or (Status.DRIFT if found else Status.CLEAN)
    fields.setdefault("terms", "t")
    return DirectoryCheck(path.rpartition("/")[2], path, workspace, status, drifted=found, **fields)


def unknown(path="/code/a"):
    return check(path=path, status=Status.UNKNOWN, reason=Reason("locked", "locked by alice"))


class Memory:
    """Checks one after the other, each a minute later, as the journal keeps them."""

    def __init__(self):
        self.rows, self.now, self.keys = {}, 0.0, []

    def see(self, *checks):
        self.now += 60
        taken = steps(checks, self.rows.values(), self.now, Redactor())
        self.rows |= {(one.next.directory, one.next.workspace): one.next for one in taken}
        self.keys.append(dedup_key(taken))
        return [(one.drift.status.value, one.drift.address) for step in taken for one in step.transitions]

    @property
    def row(self):
        return self.rows["/code/a", "default"]


def test_drift_is_reported_when_it_appears_changes_and_is_gone_and_never_in_between():
    memory = Memory()
    assert memory.see(check()) == []
    assert memory.see(check(drifted())) == [("appeared", "a.b")]
    assert memory.see(check(drifted())) == []
    assert memory.see(check(drifted(size="2"))) == [("changed", "a.b")]
    assert memory.see(check(drifted(size="2"), drifted("a.c"))) == [("appeared", "a.c")]
    assert memory.see(check(drifted("a.c"))) == [("gone", "a.b")]
    assert memory.see(check()) == [("gone", "a.c")]
    assert memory.see(check()) == []


def test_what_is_not_known_is_not_gone():
    memory = Memory()
    memory.see(check(drifted()))
    assert memory.see(unknown()) == []
    assert memory.row.reason == "locked by alice"
    assert memory.row.known_at == 60.0
    assert memory.see(check(drifted())) == []
    assert memory.row.reason is None


def test_the_times_of_a_directory():
    memory = Memory()
    for one in (check(), check(drifted()), unknown(), check(drifted("a.c"), drifted())):
        memory.see(one)
    assert (memory.row.checked_at, memory.row.known_at, memory.row.clean_at) == (240.0, 240.0, 60.0)
    assert {one.address: one.since for one in memory.row.drift} == {"a.b": 120.0, "a.c": 240.0}


def test_what_a_new_rule_ignores_is_neither_gone_nor_changed():
    memory = Memory()
    memory.see(check(drifted(), drifted("a.c", tags="1")))
    assert memory.see(check(drifted("a.c"), ignored=("a.b",), terms="more")) == []
    assert memory.see(check(drifted("a.c"), ignored=("a.b",), terms="more")) == []


def test_an_attribute_that_a_rule_no_longer_ignores_or_that_was_set_back_is_a_change():
    memory = Memory()
    memory.see(check(drifted(), terms="more"))
    assert memory.see(check(drifted(tags="1"), terms="less")) == [("changed", "a.b")]
    assert memory.see(check(drifted(), terms="less")) == [("changed", "a.b")]


def test_workspaces_and_directories_are_apart():
    memory = Memory()
    memory.see(check(drifted()), check(path="/code/b"))
    assert memory.see(check(workspace="eu"), check(drifted(), path="/code/b")) == [("appeared", "a.b")]
    assert memory.see(check(drifted())) == []


def test_a_transition_says_where_and_when_it_was_still_clean():
    taken = steps([check(drifted(), workspace="eu")], (), 60.0, Redactor())
    [transition] = taken[0].transitions
    assert (transition.drift.directory, transition.drift.status) == ("a (eu)", DriftStatus.APPEARED)
    assert (transition.clean_at, transition.names) == (None, ("i-1",))


def test_a_repetition_after_a_kill_has_the_same_key_and_the_same_drift_later_another_one():
    memory = Memory()
    memory.see(check(drifted()))
    before = dict(memory.rows)
    memory.see(check())
    memory.rows = before  # killed after the event was recorded, before the check was remembered
    memory.see(check())
    memory.see(check(drifted()))
    memory.see(check())
    assert memory.keys[1] == memory.keys[2]
    assert len(set(memory.keys)) == 4
