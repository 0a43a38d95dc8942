"""The collection knows the core and nothing else of the project, and importing one of its files never fails for it.

An import that fails at the top of a plugin stops every playbook; sanity tests import them without the package.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

COLLECTION = Path(__file__).parents[2] / "ansible_collection"
FILES = sorted(COLLECTION.rglob("*.py"))
PACKAGE = "change_events"
KNOWS_THE_PACKAGE = {"client.py", "history.py"}  # behind a guard, inside a function


def imported(tree):
    """Each import as its top package, and whether it stands at the file's own top level."""
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["relative"] if node.level else [node.module]
        for name in names:
            yield name.partition(".")[0], id(node) in top


def test_there_is_something_to_guard():
    assert {path.parent.name for path in FILES} >= {"action", "callback", "lookup", "modules", "plugin_utils"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(COLLECTION)))
def test_imports(path):
    found = set(imported(ast.parse(path.read_text())))
    names = {name for name, _ in found}
    assert "tf_wrapper" not in names
    assert "relative" not in names, "relative imports do not survive in every place where Ansible loads plugins"
    assert (PACKAGE, True) not in found, "an import of the package stands inside a function, where it can be guarded"
    if path.name not in KNOWS_THE_PACKAGE:
        assert PACKAGE not in names, "the package is reached through plugin_utils/client.py"
    third_party = names & {"httpx", "msgspec", "yaml", "jinja2", "rich", "click"}
    assert not third_party, "what the package brings is not there without it"


@pytest.mark.parametrize("path", sorted((COLLECTION / "plugins").rglob("*.py")), ids=lambda path: path.name)
def test_plugin_files_say_their_license(path):
    head = "\n".join(path.read_text().splitlines()[:20])
    assert "GNU General Public License v3.0+" in head
