"""What belongs together is found by raw names and ids, whatever redaction made of them, and when."""

from __future__ import annotations

import json

import pytest

from change_events.model import Action
from change_events.redact import MARK, Redactor
from tests.tf_wrapper.test_outcome import (
    TYPE,
    A,
    B,
    change,
    complete,
    done,
    error,
    errored,
    event,
    failing,
    finished,
    hiding,
    plan,
    results,
    start,
    state,
    stream,
)
from tests.tf_wrapper.test_plan_json import GOLDEN
from tf_wrapper.plan.reader import read_plan
from tf_wrapper.record import explain, outcome
from tf_wrapper.stream.identity import Identity, recognised

SECRET, OTHER = "Sup3rS3cretXvalue", "An0therS3cretYvalue"
ONE, TWO = f'{TYPE}.x["{SECRET}"]', f'{TYPE}.x["{OTHER}"]'
NAMED = f"{TYPE}.{SECRET}"


def ended(planned, identities, *lines, code=1, redactor=None):
    """The event of an apply whose redactor knows both secrets by its end."""
    meant = plan(*planned)
    redactor = redactor or hiding(SECRET, OTHER)
    started = outcome.planned(event(), meant)
    return outcome.of_apply(
        started, meant, code, stream(*lines), redactor, interrupted=False, identities=tuple(identities)
    )


@pytest.mark.parametrize("address", [ONE, hiding(SECRET).text(ONE)], ids=["before", "after"])
def test_a_secret_may_become_known_before_or_after_an_address_is_redacted(address):
    planned, identities = [change(address), change(B)], [Identity(ONE), Identity(B)]
    result = ended(planned, identities, done(address=ONE), failing(address=B))
    assert results(result) == ["applied", "failed"]


def test_instances_that_are_rendered_alike_have_each_their_own_outcome_and_error():
    planned = [change(hiding(SECRET, OTHER).text(each)) for each in (ONE, TWO)]
    assert planned[0].address == planned[1].address
    lines = [done(address=ONE), start(address=TWO), errored(address=TWO), error(address=TWO)]
    result = ended(planned, [Identity(ONE), Identity(TWO)], *lines)
    assert results(result) == ["applied", "failed"]
    assert [each.error for each in result.changes] == [None, "It broke"]


@pytest.mark.parametrize("shown", [SECRET, MARK])
def test_a_secret_id_is_compared_as_it_is(shown):
    planned = [
        change(action=Action.REPLACE, id=shown),
        change(action=Action.DESTROY, deposed="1a2b3c4d", id=MARK),
    ]
    identities = [Identity(A, SECRET), Identity(A, OTHER)]
    gone = [start("delete"), complete("delete", id_=SECRET), start(), complete(id_="new")]
    result = ended(planned, identities, *gone, error(address=B))
    assert results(result) == ["applied", "not_attempted"]
    assert (result.changes[0].id, result.changes[0].previous_id) == ("new", shown)


def test_two_secret_ids_of_a_replacement_are_two():
    gone = [start("delete"), complete("delete", id_=SECRET), start(), complete(id_=OTHER)]
    result = ended([change(action=Action.REPLACE, id=MARK)], [Identity(A, SECRET)], *gone, code=0)
    assert (result.changes[0].id, result.changes[0].previous_id) == (MARK, MARK)


def test_the_state_is_asked_for_the_raw_address():
    redactor = hiding(SECRET)
    assert SECRET not in redactor.text(NAMED)
    identities = [Identity(NAMED)]
    result = ended([change(redactor.text(NAMED), Action.FORGET)], identities, error(address=B))
    assert results(result) == ["unknown"]
    assert results(outcome.with_state(result, state(NAMED), redactor, identities)) == ["unknown"], "it is still there"
    assert results(outcome.with_state(result, state(B), redactor, identities)) == ["applied"]


def test_an_error_in_a_block_is_that_of_the_change_with_its_raw_name():
    context = {"snippet": {"context": f'resource "{TYPE}" "{SECRET}"', "code": "", "start_line": 1}}
    renamed = change(hiding(SECRET).text(NAMED))
    identity = Identity(NAMED, type=TYPE, name=SECRET)
    result = ended([renamed, change(B)], [identity, Identity(B)], done(address=B), error(address=None, **context))
    assert results(result) == ["failed", "applied"]
    assert SECRET not in str(result.failures)


# -- only the record is left --------------------------------------------------------------------------------------


def test_without_a_plan_a_hidden_address_is_recognised_where_one_can_be_meant():
    redactor = hiding(SECRET)
    recorded = [change(redactor.text(ONE)), change(B)]
    assert [each.address for each in recognised(recorded, [ONE, B], redactor)] == [ONE, B]
    assert results(ended(recorded, (), done(address=ONE), error(address=A), redactor=redactor)) == [
        "applied",
        "not_attempted",
    ]


def test_without_a_plan_nothing_is_claimed_of_a_hidden_address_that_is_not_recognised():
    recorded, ignorant = change(hiding(SECRET).text(ONE)), Redactor()
    result = ended([recorded], (), done(address=ONE), error(address=B), redactor=ignorant)
    assert results(result) == ["unknown"]
    gone = ended([change(recorded.address, Action.DESTROY)], (), redactor=ignorant, code=None)
    assert results(gone) == ["unknown"]
    assert results(outcome.with_state(gone, state(B), ignorant)) == ["unknown"]


def test_without_a_plan_a_hidden_id_speaks_against_no_message():
    lines = [start("delete"), complete("delete", id_=SECRET), start(), complete(id_="new"), finished()]
    result = ended([change(action=Action.REPLACE, id=MARK)], (), *lines, code=None, redactor=Redactor())
    assert (results(result), result.changes[0].note) == (["applied"], None)


def test_causes_of_a_killed_run_are_given_back_only_where_one_change_can_be_meant():
    hidden = hiding(SECRET, OTHER).text(ONE)
    causes = [("first",), ("second",), ("third",)]
    recorded = event(change(hidden, causes=causes[0]), change(hidden, causes=causes[1]), change(B, causes=causes[2]))
    found = explain.with_known([change(ONE), change(hidden), change(B)], recorded)
    assert [each.causes for each in found] == [(), (), causes[2]]


# -- from plans ---------------------------------------------------------------------------------------------------


def test_a_plan_gives_one_identity_for_each_change():
    plans = sorted(GOLDEN.glob("*.json"))
    assert plans
    for path in plans:
        identities = []
        read = read_plan(path.read_bytes(), name="", redactor=Redactor(), identities=identities)
        found = [(each.address, each.type, each.name) for each in identities]
        assert found == [(each.address, each.type, each.name) for each in read.changes], path
        ids = [each.id for each in identities]
        assert ids == [each.id for each in read.changes], path


def test_deferred_changes_and_invocations_have_identities_too():
    part = {"mode": "managed", "type": TYPE, "name": "a", "change": {"actions": ["create"], "before": None}}
    action = {"address": "action.http.call", "type": "http", "name": "call"}
    document = {
        "format_version": "1.2",
        "resource_changes": [{**part, "address": A}],
        "deferred_changes": [{"reason": "x", "resource_change": {**part, "address": B}}],
        "action_invocations": [action],
        "deferred_action_invocations": [{"reason": "x", "action_invocation": {**action, "address": "action.http.b"}}],
    }
    identities = []
    read = read_plan(json.dumps(document).encode(), name="", redactor=Redactor(), identities=identities)
    assert [each.address for each in identities] == [each.address for each in read.changes]
    assert [each.address for each in identities] == [A, B, "action.http.call", "action.http.b"]


def test_ids_that_are_marked_and_those_beside_deposed_objects_are_compared_too():
    def part(id_, **more):
        change = {"actions": ["delete"], "before": {"id": id_}, "after": None, "before_sensitive": {"id": True}}
        return {"address": A, "mode": "managed", "type": TYPE, "name": "a", "change": change, **more}

    document = {"format_version": "1.2", "resource_changes": [part("now"), part("old", deposed="1a2b3c4d")]}
    identities = []
    read = read_plan(json.dumps(document).encode(), name="", redactor=Redactor(), detailed=0, identities=identities)
    assert [each.id for each in identities] == ["now", "old"]
    assert [each.id for each in read.changes] == [None, None]
