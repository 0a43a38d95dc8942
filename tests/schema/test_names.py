"""One concept has one name: in options of commands, of the module, the role and the lookup, in documents and events.

Every name is either one of the published ones (a field of the event, a key of a document, a key of the settings) or
stands below with what it is. A new word for a known thing does not get past this by accident.
"""

import ast
from pathlib import Path

import pytest
import yaml

from change_events.cli.app import events
from change_events.explicit import choices
from change_events.model import ChangeEvent
from change_events.recording import explicit
from change_events.recording.ingest import KEYS as DOCUMENT
from change_events.settings import routes
from change_events.settings.model import KEYS as SETTINGS

COLLECTION = Path(__file__).parents[2] / "ansible_collection"
ROLE = "change_window"
FIELDS = set(ChangeEvent.__struct_encode_fields__)
PUBLISHED = FIELDS | set(DOCUMENT) | {key.name for key in SETTINGS}

OWN = {
    "send": {"commit", "previous_commit", "path"},  # what is looked up in a repository
    "run": {"commit", "previous_commit", "path"},
    "boot": {"image"},
    "start": set(),
    "stop": {"host", "exit_code"},
    "module": {
        "once",  # a key that the module makes itself
        "close_with_run",  # close_with_pid, of the process that is the run
        "failed_hosts",
        "required",
    },
    "role": {"tasks", "once"},
    "lookup": {"since", "until", "text", "host", "include_unchanged", "exclude_self"},
    "list": {"since", "until", "text", "host", "undelivered", "signal", "limit", "json", "ledger", "team"},
}
LISTS = {"tag": "tags", "link": "links", "destination": "destinations"}
"""An option that may be given several times is in the singular on a command line."""


def documentation(path):
    """The option table of a plugin."""
    tree = ast.parse((COLLECTION / "plugins" / path).read_text())
    (text,) = (
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
    )
    return yaml.safe_load(text)["options"]


def role_options():
    """Those of the role, without the prefix that Ansible asks for."""
    specs = yaml.safe_load((COLLECTION / "roles" / ROLE / "meta" / "argument_specs.yml").read_text())
    return {
        name.removeprefix(f"{ROLE}_"): option for name, option in specs["argument_specs"]["main"]["options"].items()
    }


def command_options(name):
    """Those of a command, by their long names."""
    command = events.get_command(None, name)
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    typed = {next(text for text in one.opts if text.startswith("--"))[2:].replace("-", "_"): one for one in options}
    return {LISTS.get(text, text): one for text, one in typed.items()}


MODULE = documentation("modules/change_event.py")
LOOKUP = documentation("lookup/changes.py")
TABLES = {
    **{name: command_options(name) for name in ("send", "run", "boot", "start", "stop", "list")},
    "module": MODULE,
    "role": role_options(),
    "lookup": {("host" if name == "_terms" else name): option for name, option in LOOKUP.items()},
}


@pytest.mark.parametrize("name", TABLES)
def test_an_option_is_named_as_what_it_fills_in(name):
    assert set(TABLES[name]) - PUBLISHED == OWN[name]


def test_the_role_s_options_are_those_of_the_module():
    assert set(TABLES["role"]) - {"tasks"} <= set(MODULE)
    for name, option in TABLES["role"].items():
        if name != "tasks":
            assert option.get("choices") == MODULE[name].get("choices"), name


def test_the_lookup_asks_as_the_list_does():
    asked = set(TABLES["lookup"]) - {"include_unchanged", "exclude_self"}
    assert set(TABLES["list"]) - asked == {"phase", "undelivered", "signal", "limit", "json", "ledger", "team"}
    assert asked <= set(TABLES["list"])


def test_the_states_of_a_change_have_the_same_names_everywhere():
    assert explicit.STATES == choices.STATES
    assert tuple(TABLES["send"]["state"].type.choices) == choices.STATES
    assert tuple(MODULE["state"]["choices"]) == ("event", *choices.STATES)


def test_a_condition_of_the_settings_is_named_as_the_field_it_looks_at():
    assert {one.name for one in routes.CONDITIONS} - FIELDS == {"counts"}, "counts are those of the summary"
