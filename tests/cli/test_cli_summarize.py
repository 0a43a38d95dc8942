from __future__ import annotations

import json
from pathlib import Path

import pytest

PLANS = Path(__file__).parent / "plans"
MIXED = PLANS / "lifecycle_basic__1.json"
MOVED = PLANS / "moved__1.json"
NOTHING = PLANS / "lifecycle_basic__5.json"
COUNTS = ("create", "update", "replace", "destroy", "import", "move", "forget", "read", "no_op", "drift")


def counts(**figures):
    return {
        **dict.fromkeys((*COUNTS, "drift_not_shown", "invoke", "change", "other", "outputs", "deferred"), 0),
        **figures,
    }


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (MIXED, {"create": 1, "update": 2, "destroy": 5, "outputs": 3}),
        (MOVED, {"update": 1, "destroy": 1, "move": 6}),
        (NOTHING, {}),
    ],
)
def test_json_has_every_count_also_those_that_are_0(home, plan, expected):
    document = json.loads(home.events("summarize", str(plan), "--json"))
    found = document["summary"]["counts"]
    assert set(found) == set(counts())
    assert {name: figure for name, figure in found.items() if name != "no_op"} == {
        name: figure for name, figure in counts(**expected).items() if name != "no_op"
    }
    assert document["tool"] == {"name": "terraform", "version": "1.11.4"}
    assert document["errored"] is False


def test_json_lists_the_changes(home):
    document = json.loads(home.events("summarize", str(MIXED), "--json"))
    created = [change["address"] for change in document["changes"] if change["action"] == "create"]
    assert created == ['terraform_data.d["three"]']


def test_several_plans_are_an_array(home):
    documents = json.loads(home.events("summarize", str(MIXED), str(NOTHING), "--json"))
    assert [document["summary"]["counts"]["destroy"] for document in documents] == [5, 0]


def test_standard_input_may_hold_several_plans(home):
    both = MIXED.read_bytes() + b"\n" + MOVED.read_bytes()
    documents = json.loads(home.events("summarize", "-", "--json", stdin=both))
    assert [document["summary"]["counts"]["destroy"] for document in documents] == [5, 1]


def test_text_names_what_matters_most_first(home):
    text = home.events("summarize", str(MIXED))
    assert text.splitlines()[0] == f"{MIXED}: 1 to create, 2 to update, 5 to destroy, outputs changed: 3"
    places = [
        text.index(part)
        for part in (
            "  destroy  terraform_data.c[1]\n",
            '  destroy  module.m["us"].terraform_data.n\n',
            "  update   terraform_data.a\n",
            '      input: "x" → "y"\n',
            '  create   terraform_data.d["three"]\n',
            "Outputs\n",
            '  update   plain: "p" → "p2"\n',
        )
    ]
    assert places == sorted(places)


def test_state_only_changes_are_reported(home):
    text = home.events("summarize", str(MOVED))
    assert "6 moved" in text.splitlines()[0]
    assert "  move     terraform_data.new\n" in text
    assert "      moved from terraform_data.old\n" in text


def test_reasons_are_reported_in_words(home):
    text = home.events("summarize", str(MIXED))
    assert "  destroy  terraform_data.c[1]\n      because its index is out of range for count\n" in text
    plan = json.loads(MIXED.read_text())
    plan["resource_changes"][0]["action_reason"] = "replace_because_of_the_moon"
    text = home.events("summarize", "-", stdin=json.dumps(plan).encode())
    assert "      because replace because of the moon\n" in text


def test_nothing_to_change_says_so(home):
    assert home.events("summarize", str(NOTHING)).splitlines()[0] == f"{NOTHING}: no changes"
    assert home.events("summarize", "-", stdin=NOTHING.read_bytes()).splitlines()[0] == "no changes"


def test_text_is_cut_at_the_limit_and_says_so(home):
    text = home.events("summarize", str(MIXED), "--limit", "3")
    assert "  … and 5 more\n" in text
    assert text.count("  destroy  ") == 3


@pytest.mark.parametrize("form", [[], ["--markdown"]])
@pytest.mark.parametrize(
    ("facts", "is_partial"),
    [({"complete": False}, True), ({"complete": True}, False), ({"complete": False, "errored": True}, False)],
)
def test_a_partial_plan_is_marked(home, form, facts, is_partial):
    plan = json.loads(MIXED.read_text()) | facts
    text = home.events("summarize", "-", *form, stdin=json.dumps(plan).encode()).replace("\\-", "-")
    assert ("The plan is incomplete: resources were excluded by -target, deferral or errors." in text) is is_partial


def test_markdown_stays_within_its_bytes(home):
    whole = home.events("summarize", str(MIXED), "--markdown")
    assert 'terraform_data.d["three"]' in whole
    cut = home.events("summarize", str(MIXED), "--markdown", "--max-bytes", "600")
    assert len(cut.rstrip("\n").encode()) <= 600 < len(whole.encode())


def state_resource(kind, name, **attributes):
    return {
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider": 'provider["registry.terraform.io/x/y"]',
        "instances": [{"schema_version": 0, "attributes": attributes}],
    }


STATE = {"version": 4, "terraform_version": "1.11.4", "outputs": {}, "resources": []}
DATABASE = state_resource("aws_db_instance", "main", id="db-1")
CLOSED = state_resource("aws_security_group", "s", id="sg-1", ingress=[])
OPEN = state_resource(
    "aws_security_group",
    "s",
    id="sg-1",
    ingress=[{"cidr_blocks": ["0.0.0.0/0"], "from_port": 22, "to_port": 22, "protocol": "tcp"}],
)


def states(home, before, after, lineages=("x", "x"), serials=(1, 2)):
    paths = [str(home.path / f"{name}.tfstate") for name in ("before", "after")]
    for path, resources, lineage, serial in zip(paths, (before, after), lineages, serials, strict=True):
        Path(path).write_text(json.dumps({**STATE, "resources": resources, "lineage": lineage, "serial": serial}))
    return paths


def test_what_is_gone_between_two_states_is_removed_and_nobody_says_destroyed(home):
    paths = states(home, [DATABASE, CLOSED], [CLOSED])
    document = json.loads(home.events("summarize", *paths, "--json"))
    assert document["summary"]["counts"] == counts()
    assert document["summary"]["state"] == {**dict.fromkeys(document["summary"]["state"], 0), "removed": 1}
    assert document["state"]["previous_serial"] == 1
    assert [signal["name"] for signal in document["signals"]] == ["left_management"]
    text = home.events("summarize", *paths)
    assert text.splitlines()[0] == f"{paths[0]} → {paths[1]}: state changed: 1 removed"
    assert "two states do not show whether a removed resource was destroyed or is only no longer managed" in text
    markdown = home.events("summarize", *paths, "--markdown")
    for shown in (text, markdown):
        for claim in ("to destroy", "destroy  ", "forg", "itself is unchanged"):
            assert claim not in shown


def test_what_is_new_between_two_states_may_have_been_imported(home):
    text = home.events("summarize", *states(home, [], [CLOSED]))
    assert "state changed: 1 added" in text.splitlines()[0]
    assert "two states do not show whether an added one was created or imported" in text
    assert "create  " not in text


def test_changed_values_of_two_states_are_shown_and_signal_what_they_signal_in_a_plan(home):
    paths = states(home, [CLOSED], [OPEN])
    done = home.run("summarize", *paths, "--fail-on", "exposed_to_world")
    assert done.returncode == 3
    text = done.stdout.decode()
    assert "state changed: 1 changed" in text.splitlines()[0]
    assert "0.0.0.0/0" in text
    assert home.run("summarize", *states(home, [OPEN], [OPEN]), "--fail-on", "severity:info").returncode == 0


def test_a_moved_entry_of_two_states_whose_values_changed_is_not_called_unchanged(home):
    moved = {**OPEN, "name": "t"}
    paths = states(home, [CLOSED], [moved])
    assert "state changed: 1 moved, 1 changed" in home.events("summarize", *paths)
    assert "is unchanged" not in home.events("summarize", *paths, "--markdown")
    assert home.run("summarize", *paths, "--fail-on", "exposed_to_world").returncode == 3


def test_two_states_of_different_stacks_did_not_replace_one_another(home):
    document = json.loads(home.events("summarize", *states(home, [CLOSED], [], ("x", "y"), (9, 1)), "--json"))
    assert document["signals"] == []
    assert (document["state"]["previous_lineage"], document["state"]["lineage"]) == ("x", "y")


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1}', b"\x00\x01", None])
def test_what_is_no_plan_is_one_line_and_exit_1(home, content):
    path = home.path / "odd.json"
    if content is not None:
        path.write_bytes(content)
    done = home.run("summarize", str(path))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"tfevent: ")
    assert b"odd.json" in done.stderr
    assert b"bug" not in done.stderr


def test_no_journal_is_touched(home):
    home.events("summarize", str(MIXED))
    assert not list(home.path.rglob("*.db*"))


def test_secrets_stay_out_whatever_the_form(home):
    secret = "hunter2-hunter2-hunter2"
    plan = json.loads(NOTHING.read_text())
    plan["resource_changes"] = [
        {
            "address": "terraform_data.a",
            "mode": "managed",
            "type": "terraform_data",
            "name": "a",
            "provider_name": "terraform.io/builtin/terraform",
            "change": {
                "actions": ["update"],
                "before": {"input": secret, "note": "old"},
                "after": {"input": secret + "!", "note": f"see {secret}"},
                "after_unknown": {},
                "before_sensitive": {"input": True},
                "after_sensitive": {"input": True},
            },
        }
    ]
    path = home.path / "plan.json"
    path.write_text(json.dumps(plan))
    for form in ([], ["--json"], ["--markdown"]):
        text = home.events("summarize", str(path), *form)
        assert "terraform_data.a" in text
        assert secret not in text


HEAVY = ("httpx", "jinja2", "rich", "sqlite3", "yaml", "hcl2", "lark", "asyncio", "ssl")


def risky_plan(folder):
    """A database that is destroyed, and a port that is opened in a new security group."""
    rule = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}
    found = []
    for kind, name, action, before, after in (
        ("aws_db_instance", "main", "delete", {"id": "db-1"}, None),
        ("aws_security_group", "ssh", "create", None, {"ingress": [rule]}),
    ):
        change = {"actions": [action], "before": before, "after": after}
        found.append({"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "change": change})
    path = folder / "risky.json"
    path.write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": found}))
    return str(path)


def test_text_reports_the_risk_signals_before_the_changes(home, tmp_path):
    text = home.events("summarize", risky_plan(tmp_path))
    head, _, changes = text.partition("\nChanges\n")
    assert "aws_db_instance.main: stateful destroyed: a database is to be destroyed" in head
    assert "aws_security_group.ssh: exposed to world: every address of the world is let in: port 22" in head
    assert "aws_db_instance.main" in changes


def test_markdown_and_json_have_the_risk_signals(home, tmp_path):
    plan = risky_plan(tmp_path)
    markdown = home.events("summarize", plan, "--markdown")
    assert "**Risk signals**" in markdown
    assert "a database is to be destroyed" in markdown
    signals = json.loads(home.events("summarize", plan, "--json"))["signals"]
    assert [(signal["name"], signal["address"]) for signal in signals] == [
        ("stateful_destroyed", "aws_db_instance.main"),
        ("exposed_to_world", "aws_security_group.ssh"),
    ]


def test_a_plan_without_risks_has_no_section_for_them(home):
    assert "Risk signals" not in home.events("summarize", str(MOVED))
    assert json.loads(home.events("summarize", str(NOTHING), "--json"))["signals"] == []


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]])
def test_nothing_heavy_is_imported(home, form):
    done = home.run("summarize", str(MIXED), *form, python=("-X", "importtime"))
    assert done.returncode == 0
    imported = {line.rsplit(b"|", 1)[-1].strip().decode() for line in done.stderr.splitlines()}
    assert "change_events.cli.render.plan_report" in imported
    assert not {name for name in imported if name.split(".")[0] in HEAVY}


@pytest.mark.parametrize("form", [(), ("--markdown",), ("--json",)])
def test_a_value_of_a_secret_variable_of_the_environment_is_not_printed(home, form):
    plan = json.loads(MIXED.read_bytes())
    secret = "hunter2-Very-Unlikely"
    created = next(one for one in plan["resource_changes"] if one["change"]["actions"] == ["create"])
    created["address"] = f'terraform_data.d["host/{secret}"]'
    created["change"]["after"]["input"] = f"see host/{secret}/index"
    text = home.events("summarize", "-", *form, stdin=json.dumps(plan).encode(), env={"DEPLOY_TOKEN": secret})
    assert "host/(sensitive)" in text
    assert secret not in text
