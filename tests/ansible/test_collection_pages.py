"""The collection by itself: its shared code needs neither Ansible nor the package, and its pages say what it takes."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import yaml
from ansible_collections.tfevent.infra.plugins.doc_fragments.common import ModuleDocFragment
from ansible_collections.tfevent.infra.plugins.plugin_utils import options
from ansible_collections.tfevent.infra.plugins.plugin_utils.diffs import LONGEST_BODY
from ansible_collections.tfevent.infra.plugins.plugin_utils.run_document import MOST_HOSTS

from change_events.settings import Settings, destinations
from change_events.settings.model import KEYS
from tests.ansible import cores
from tests.ansible.command import CALLBACK, COLLECTIONS, ROOT
from tests.ansible.cores import TOO_OLD_A_PYTHON

PLUGINS = ROOT / "ansible_collection" / "plugins"
UTILITIES = sorted(path.stem for path in (PLUGINS / "plugin_utils").glob("*.py"))
DESTINATIONS = ("sematext_", "webhook_")
NO_OPTIONS = {
    "binary",  # of terraform
    "ignore",  # attributes are those of terraform's resources; tasks are chosen by include_… and exclude_…
}
FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def imported(python, *names):
    code = f"import sys; sys.path.insert(0, {str(COLLECTIONS)!r})\n"
    code += "".join(f"import ansible_collections.tfevent.infra.plugins.plugin_utils.{name}\n" for name in names)
    code += "print([n for n in sys.modules if n.split('.')[0] in ('ansible', 'change_events', 'msgspec', 'httpx')])"
    return subprocess.run([python, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)


def test_the_shared_code_imports_the_standard_library_alone():
    done = imported(sys.executable, *UTILITIES)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_it_runs_on_the_oldest_python_of_a_controller():
    done = imported(cores.python(TOO_OLD_A_PYTHON.python), *UTILITIES)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_callback_is_the_only_one_of_these_that_knows_ansible():
    for name in UTILITIES:
        text = (PLUGINS / "plugin_utils" / f"{name}.py").read_text()
        assert "\nfrom ansible " not in text, name
        assert "\nfrom ansible." not in text, name
        assert "\nimport ansible\n" not in text, name


def test_every_setting_is_an_option_but_those_of_terraform_alone():
    settings = {key.name for key in KEYS}
    assert settings >= NO_OPTIONS
    of_destinations = [name for name in options.SETTINGS if name.startswith(DESTINATIONS)]
    of_keys = {key.name.replace(".", "_"): key.variable for key in KEYS if key.name not in NO_OPTIONS}
    general = [name for name in options.SETTINGS if name not in of_destinations]
    assert {name: options.variable(name) for name in general} == of_keys
    assert {options.variable(name) for name in of_destinations} == {
        variable
        for variable in destinations.variables()
        if variable.startswith(("TFEVENT_SEMATEXT_", "TFEVENT_WEBHOOK_"))
    }


def test_the_fragment_reports_the_defaults_that_there_are():
    table = {
        name: re.search(r"By default V\((.+?)\)", str(option["description"]))
        for name, option in FRAGMENT.items()
        if not name.startswith(DESTINATIONS)
    }
    defaults = {key.name.replace(".", "_"): getattr(Settings(), key.field) for key in KEYS if key.type != "path"}
    written = {
        name: str(value).lower().removesuffix(".0") for name, value in defaults.items() if value not in (None, (), {})
    }
    assert {name: found[1] for name, found in table.items() if found} == {
        name: default for name, default in written.items() if name in table
    }


def test_the_fragment_documents_the_settings_and_their_variables():
    assert tuple(FRAGMENT) == options.SETTINGS
    for name, option in FRAGMENT.items():
        assert option["env"] == [{"name": options.variable(name)}]
        assert option["ini"] == [{"section": "callback_tfevent", "key": name}]
        assert option["vars"] == [{"name": f"tfevent_{name}"}]
        assert option["type"] in {"raw", "path"}, "a bad value of any other type makes Ansible leave the callback out"
        assert "default" not in option, "it would go before what tfevent.yaml says"


def test_the_users_page_names_the_callbacks_own_options():
    page = (ROOT / "docs" / "reference" / "playbook-runs.md").read_text()
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)?) \|", page.partition("| Option |")[2], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == {*options.FILTERS, "diff_contents"}
    assert f"{MOST_HOSTS:,} hosts" in page
    assert f"{LONGEST_BODY:,} characters" in page


def test_the_page_of_the_callback_is_complete(machine):
    ran = machine.run("ansible-doc", "-t", "callback", "-j", CALLBACK)
    assert (ran.code, ran.err) == (0, "")
    page = json.loads(ran.out)[CALLBACK]["doc"]
    assert set(options.SETTINGS) | set(options.FILTERS) <= set(page["options"])
    assert all(option["description"] for option in page["options"].values())
