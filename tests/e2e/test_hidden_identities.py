"""Objects whose id or key is a secret that only a name hides: it is known when the plan has been read, not before."""

from __future__ import annotations

import json

import pytest

from tests.support.live import APPLY, Stack, outcomes

SECRET = "Sup3rS3cretXvalue"
OTHER_SECRET = "An0therS3cretYvalue"
REPLACE = f"{APPLY} -replace=terraform_data.db"
DB = f"""\
resource "terraform_data" "db" {{
  input = {{ db_password = "{SECRET}" }}
  LIFECYCLE
}}
"""
CREATE_FIRST = "lifecycle {\n    create_before_destroy = true\n  }"
BROKEN = """\
resource "terraform_data" "broken" {
  provisioner "local-exec" {
    command = "exit 3"
  }
}
"""
PLAIN = BROKEN.replace("broken", "plain").replace("    command", "    when    = destroy\n    command")


def code(lifecycle=""):
    return DB.replace("LIFECYCLE", lifecycle)


def imported(tmp_path, text):
    """A stack that holds an object whose id is the secret."""
    stack = Stack(tmp_path, text)
    assert stack.terraform("init").code == 0
    done = stack.terraform(f"import terraform_data.db {SECRET}")
    assert done.code == 0, done.err
    return stack


def assert_hidden(event):
    text = json.dumps(event)
    assert SECRET not in text
    assert OTHER_SECRET not in text


@pytest.mark.parametrize("lifecycle", ["", CREATE_FIRST], ids=["destroy-first", "create-first"])
@pytest.mark.parametrize("tainted", [False, True], ids=["asked-for", "tainted"])
def test_a_replaced_object_is_applied(tmp_path, lifecycle, tainted):
    stack = imported(tmp_path, code(lifecycle))
    if tainted:
        assert stack.terraform("taint terraform_data.db").code == 0
    done = stack.run(APPLY if tainted else REPLACE)
    assert done.code == 0, done.err
    event = stack.event()
    (change,) = event["changes"]
    assert (event["outcome"], change["action"], change["outcome"]) == ("succeeded", "replace", "applied")
    assert "note" not in change
    assert change["previous_id"] == "(sensitive)"
    assert change["id"] in stack.terraform("show").out, "the new object's id is no secret"
    assert "failed" not in done.err
    assert_hidden(event)


def test_an_imported_and_replaced_object_is_applied(tmp_path):
    wanted = f'import {{\n  to = terraform_data.db\n  id = "{SECRET}"\n}}\n'
    stack = Stack(tmp_path, code(f'triggers_replace = "{OTHER_SECRET}"') + wanted)
    assert stack.terraform("init").code == 0
    done = stack.run(REPLACE)
    assert done.code == 0, done.err
    event = stack.event()
    assert outcomes(event) == {"terraform_data.db": "applied"}
    assert SECRET not in json.dumps(event)


def _edited(stack, edit):
    """Change the only instance of `db` in the state that terraform left."""
    path = stack.code / "terraform.tfstate"
    state = json.loads(path.read_text())
    (found,) = [each for each in state["resources"] if each["name"] == "db"]
    edit(found["instances"])
    path.write_text(json.dumps({**state, "serial": state["serial"] + 1}))


def test_a_destroyed_object_is_applied_beside_one_that_fails(tmp_path):
    stack = Stack(tmp_path, code() + PLAIN)
    assert stack.terraform("init").code == 0
    assert stack.terraform(APPLY).code == 0
    _edited(stack, lambda instances: instances[0]["attributes"].update(id=SECRET))
    done = stack.run("destroy -auto-approve")
    assert done.code == 1, done.out
    event = stack.event()
    assert outcomes(event) == {"terraform_data.db": "applied", "terraform_data.plain": "failed"}
    assert_hidden(event)


def test_a_deposed_object_is_destroyed_beside_one_that_fails(tmp_path):
    def depose(instances):
        old = json.loads(json.dumps(instances[0]))
        old["attributes"]["id"] = OTHER_SECRET
        instances[0]["attributes"]["id"] = SECRET
        instances.append({**old, "deposed": "1a2b3c4d"})

    named = code().replace("db_password", f'api_token = "{OTHER_SECRET}", db_password')
    stack = Stack(tmp_path, named)
    assert stack.terraform("init").code == 0
    assert stack.terraform(APPLY).code == 0
    _edited(stack, depose)
    stack.write(named + BROKEN)
    assert stack.run(REPLACE).code == 1
    event = stack.event()
    found = sorted((change["action"], change["outcome"]) for change in event["changes"])
    assert found == [("create", "failed"), ("destroy", "applied"), ("replace", "applied")]
    assert_hidden(event)


def many(*broken):
    """Instances by two secret keys; those named fail when they are created."""
    condition = " || ".join(f'test $KEY = "{key}"' for key in broken) or "false"
    return f"""\
resource "terraform_data" "named" {{
  input = {{ db_password = "{SECRET}", api_token = "{OTHER_SECRET}" }}
}}
resource "terraform_data" "many" {{
  for_each = toset(["{SECRET}", "{OTHER_SECRET}", "plain"])
  provisioner "local-exec" {{
    environment = {{ KEY = each.key }}
    command     = "if {condition.replace('"', "")}; then exit 3; fi"
  }}
}}
"""


def test_instances_by_secret_keys_have_each_their_own_outcome(tmp_path):
    stack = Stack(tmp_path, many(OTHER_SECRET))
    assert stack.terraform("init").code == 0
    assert stack.run(APPLY).code == 1
    event = stack.event()
    found = sorted((change["name"], change["outcome"]) for change in event["changes"])
    assert found == [("many", "applied"), ("many", "applied"), ("many", "failed"), ("named", "applied")]
    failed = [change for change in event["changes"] if change["outcome"] == "failed"]
    assert "local-exec" in failed[0]["error"]
    assert_hidden(event)


def test_a_moved_and_replaced_object_is_applied(tmp_path):
    stack = imported(tmp_path, code())
    new = f'terraform_data.many["{OTHER_SECRET}"]'
    moved = f"moved {{\n  from = terraform_data.db\n  to   = {new}\n}}\n"
    text = (
        code()
        .replace('"db"', '"many"')
        .replace("  input", f'  for_each = toset(["{OTHER_SECRET}"])\n  input')
        .replace("db_password", f'api_token = "{OTHER_SECRET}", db_password')
    )
    stack.write(text + moved + BROKEN)
    assert stack.run(f"{APPLY} '-replace={new}'").code == 1
    event = stack.event()
    found = {change["name"]: (change["action"], change["outcome"]) for change in event["changes"]}
    assert found == {"broken": ("create", "failed"), "many": ("replace", "applied")}
    assert_hidden(event)
