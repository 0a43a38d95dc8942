"""What a plan's values signal is found before anything is cut, hidden or limited, and what goes says what it was."""

import json

import msgspec
import pytest

from change_events.journal import Journal, Query
from change_events.model import Action, ChangeOutcome
from change_events.redact import Redactor, RedactPolicy
from change_events.settings import Settings
from change_events.signals import signals
from change_events.summary import compose
from tests.summary.typical_events import event
from tests.tf_wrapper.plan_documents import document, entry
from tests.tf_wrapper.test_state import instance, raw, resource
from tf_wrapper.plan.reader import read_plan
from tf_wrapper.state.compare import compare_states

DESCRIPTION = "Temporary access for the vendor while ticket OPS-4711 is open; to be removed by the platform team"
RULE = {"cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"], "from_port": 22, "to_port": 22, "protocol": "tcp",
        "description": DESCRIPTION}  # fmt: skip
OPENED = entry("aws_security_group.web", "update", before={"ingress": []}, after={"ingress": [RULE]})
MACHINE = {"id": "i-0", "instance_type": "t3.micro", "private_ip": "10.6.1.7", "tags": {"Name": "web-1"}}


def read(*changes, redactor=None, **more):
    return read_plan(document(*changes), name="", redactor=redactor or Redactor(), **more)


def applied(plan):
    done = (msgspec.structs.replace(change, outcome=ChangeOutcome.APPLIED) for change in plan.changes)
    return compose(event(*done), Settings())


def test_a_block_that_is_too_long_to_be_shown():
    plan = read(OPENED)
    assert plan.changes[0].attributes[0].after.kind.value == "large"
    told = applied(plan)
    assert [(s.name, s.reason) for s in told.signals] == [
        ("exposed_to_world", "every address of the world is let in: port 22 from 0.0.0.0/0 and ::/0")
    ]
    assert (told.severity.value, "port 22 from 0.0.0.0/0 and ::/0" in told.message.replace("\\", "")) == (
        "warning",
        True,
    )


@pytest.mark.parametrize(
    "more", [{"detailed": 0}, {"ignore": ("ingress",)}, {"redactor": Redactor(RedactPolicy(max_value=5))}]
)
def test_what_is_not_compared_ignored_or_cut_signals_all_the_same(more):
    assert [s.name for s in applied(read(OPENED, **more)).signals] == ["exposed_to_world"]


def test_what_is_sensitive_signals_and_is_not_told():
    hidden = entry(
        "aws_security_group.web",
        "update",
        before={"ingress": []},
        after={"ingress": [RULE]},
        after_sensitive={"ingress": True},
    )
    (signal,) = applied(read(hidden)).signals
    assert signal.reason == "it can be reached by everybody now"


@pytest.mark.parametrize("values", ["names", "none"])
def test_where_values_are_hidden_the_reason_has_none(values):
    plan = read(OPENED, redactor=Redactor(RedactPolicy(values=values)))
    assert b"0.0.0.0" not in msgspec.json.encode(applied(plan))
    assert b"22" not in msgspec.json.encode(plan.changes[0].risks)


def test_a_text_of_the_configuration_in_a_reason_is_redacted():
    redactor = Redactor()
    redactor.remember("hunter2service")
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "hunter2service:*", "Resource": "a"}]})
    plan = read(entry("aws_iam_policy.a", "create", after={"policy": policy}), redactor=redactor)
    assert b"hunter2service" not in msgspec.json.encode(plan)


def web(index, *actions, **more):
    before = {**MACHINE, "id": f"i-{index}", "tags": {"Name": f"web-{index}"}, **more}
    after = before if actions == ("no-op",) else None
    return entry(f"aws_instance.web[{index}]", *actions, before=before, after=after, name="web", index=index)


def test_two_of_three_instances_are_gone():
    told = applied(read(web(0, "no-op"), web(1, "delete"), web(2, "delete")))
    (signal,) = told.signals
    assert signal.reason == ("2 of 3 instances were destroyed: web-1 (t3.micro, 10.6.1.7), web-2 (t3.micro, 10.6.1.7)")
    assert told.changes[0].identity == {"name": "web-1", "size": "t3.micro", "private_ip": "10.6.1.7"}


def test_what_an_object_was_holds_nothing_that_is_marked():
    marked = web(1, "delete", before_sensitive={"private_ip": True, "tags": {"Name": True}})
    marked["change"]["before_sensitive"] = {"private_ip": True, "tags": {"Name": True}}
    assert read(marked).changes[0].identity == {"size": "t3.micro"}


def test_an_event_is_found_by_what_its_destroyed_and_replaced_objects_were(tmp_path):
    replaced = entry("aws_db_instance.main", "delete", "create", before={"id": "db-OLD1"}, after={})
    plan = read(web(1, "delete"), replaced)
    changes = [
        msgspec.structs.replace(change, outcome=ChangeOutcome.APPLIED, previous_id=change.id, id="db-NEW2")
        if change.action is Action.REPLACE
        else change
        for change in plan.changes
    ]
    with Journal.open(tmp_path / "j.db") as journal:
        journal.settle(Redactor().seal(compose(event(*changes), Settings())), [])
        for text in ("i-1", "web-1", "10.6.1.7", "db-old1", "db-new2"):
            assert len(list(journal.list(Query(text=text)))) == 1, text


def test_two_states_tell_the_same_without_a_plan():
    before = [resource("aws_instance.web", *(instance(**{**MACHINE, "id": f"i-{n}"}) for n in range(2)))]
    plan = compare_states(
        raw(*before), raw(resource("aws_instance.web", instance(**{**MACHINE, "id": "i-9"}))), redactor=Redactor()
    )
    assert all(
        change.identity["private_ip"] == "10.6.1.7" for change in plan.changes if change.action is Action.DESTROY
    )
    group = resource("aws_security_group.a", instance(id="sg", ingress=[]))
    opened = resource("aws_security_group.a", instance(id="sg", ingress=[RULE]))
    found = compare_states(raw(group), raw(opened), redactor=Redactor())
    assert [risk.name for risk in found.changes[0].risks] == ["exposed_to_world"]


def test_a_signal_of_a_change_that_failed_says_so():
    plan = read(OPENED)
    failed = msgspec.structs.replace(plan.changes[0], outcome=ChangeOutcome.FAILED)
    (signal,) = signals(event(failed))
    assert (signal.reason.endswith("(this change failed)"), signal.outcome) == (True, ChangeOutcome.FAILED)
