"""Settings in effect: what is ignored is reported nowhere, and placeholders take the names of the run."""

import json

import pytest

from tests.cli.home import Home
from tests.support.live import APPLY, Stack, attributes, changes
from tests.support.receiver import Receiver
from tests.support.trusted import load

CODE = 'resource "terraform_data" "a" {\n  input = "%s"\n  triggers_replace = "%s"\n}\n'


def plan(before, after):
    body = {"actions": ["update"], "before": before, "after": after, "after_unknown": {}}
    change = {"address": "x.y", "mode": "managed", "type": "x", "name": "y", "provider_name": "p", "change": body}
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [change]}


def state(**found):
    resource = {"mode": "managed", "type": "x", "name": "y", "provider": 'provider["p"]'}
    resource["instances"] = [{"schema_version": 0, "attributes": found}]
    return {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l", "resources": [resource]}


@pytest.fixture
def home(tmp_path):
    (tmp_path / "tfevent.yaml").write_text("ignore: ['*.tags_all']\n")
    return Home(tmp_path)


def changed_paths(home, *documents):
    names = [f"{number}.json" for number, _ in enumerate(documents)]
    for name, document in zip(names, documents, strict=True):
        (home.path / name).write_text(json.dumps(document))
    found = json.loads(home.events("summarize", *names, "--json"))
    return [attribute["path"] for change in found["changes"] for attribute in change.get("attributes", ())]


def test_a_plan_is_read_without(home):
    before = {"size": 1, "tags_all": {"at": "1"}, "deep": {"tags_all": "1", "tags": "1"}}
    after = {"size": 2, "tags_all": {"at": "2"}, "deep": {"tags_all": "2", "tags": "2"}}
    assert sorted(changed_paths(home, plan(before, after))) == ["deep.tags", "size"]


def test_two_states_are_compared_without(home):
    assert changed_paths(home, state(id="1", size=1, tags_all="1"), state(id="1", size=2, tags_all="2")) == ["size"]


def test_a_live_run_is_reported_without(tmp_path):
    stack = Stack(tmp_path, CODE % ("one", "one"))
    stack.write("ignore: [input, output]\n", "tfevent.yaml")
    assert stack.terraform("init").code == 0
    assert stack.terraform(APPLY).code == 0
    assert stack.apply(CODE % ("two", "two")).code == 0
    seen = attributes(changes(stack.event())["terraform_data.a"])
    assert "triggers_replace" in seen
    assert not {"input", "output"} & set(seen)


def test_any_depth_is_also_none(tmp_path):
    assert load(tmp_path, {"TFEVENT_IGNORE": "*.tags_all, etag"}).ignore == ("*.tags_all", "tags_all", "etag")


def test_a_placeholder_becomes_the_workspace_of_the_run(tmp_path):
    stack = Stack(tmp_path, CODE % ("one", "one"))
    stack.write("environment: '{workspace}'\nservice: 'svc-{directory}'\n", "tfevent.yaml")
    assert stack.terraform("workspace new blue").code == 0
    assert stack.apply(CODE % ("one", "one")).code == 0
    event = stack.event()
    assert (event["environment"], event["service"]) == ("blue", "svc-code")
    assert event["title"].startswith("blue/svc-code: ")


def sent(home, *titles):
    return "".join(home.run("send", "--title", title).stderr.decode() for title in titles)


def test_the_journal_keeps_as_much_as_is_asked(tmp_path):
    home = Home(tmp_path)
    sent(home, "first", "second", "third")
    (tmp_path / "tfevent.yaml").write_text("keep:\n  events: 2\n")
    assert "the journal is at its cap" in sent(home, "fourth")
    listed = home.events("list")
    assert ("first" in listed, "fourth" in listed) == (False, True)


@pytest.mark.parametrize("cap", ["events: 1", "mib: 1"])
def test_an_outbox_keeps_as_much_as_is_asked(tmp_path, cap):
    (tmp_path / "tfevent.yaml").write_text(
        f"outbox:\n  {cap}\nbudget: 1\nmessage_bytes: 700000\n"
        "destinations:\n  audit:\n    kind: webhook\n    url: http://127.0.0.1:9\n"
    )
    home = Home(tmp_path)
    (tmp_path / "long").write_text("many words " * 60_000)
    said = [home.run("send", "--title", title, "--message", "@long").stderr.decode() for title in ("one", "two")]
    assert ["the outbox of audit is at its cap: 1 delivery was dropped" in each for each in said] == [False, True]


def test_a_cap_is_a_whole_number(tmp_path):
    (tmp_path / "tfevent.yaml").write_text("keep:\n  days: forever\n  months: 3\n")
    output = Home(tmp_path).run("doctor").stdout.decode()
    assert "tfevent.yaml:2: keep.days: expected a whole number above 0" in output
    assert "tfevent.yaml:3: keep.months: no such key" in output


def test_events_wait_for_a_destination_until_its_settings_are_mended(tmp_path):
    home = Home(tmp_path)
    with Receiver() as receiver:
        (tmp_path / "tfevent.yaml").write_text(
            "destinations:\n  vault:\n    kind: cloudevents\n"
            f"    url: {receiver.url}\n    token_command: cat token\n    when: {{service: shop}}\n"
        )
        said = home.run("send", "--title", "first", "--service", "shop").stderr.decode()
        assert "vault waiting" in said
        assert "vault waiting" not in home.run("send", "--title", "second", "--service", "other").stderr.decode()
        assert receiver.received == []
        assert "first" in home.events("list", "--undelivered")
        assert "1 waiting for 'vault', which has invalid settings" in home.run("flush").stderr.decode()
        (tmp_path / "token").write_text("planted-token")
        home.run("flush")
        assert [json.loads(one.body)["data"]["title"] for one in receiver.accepted] == ["first"]
