"""The tree of errors at the head of change_events/errors.py has every error that is defined, its base and its file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ERRORS = ROOT / "change_events" / "errors.py"
COLLECTION = ROOT / "ansible_collection" / "plugins"
BUILTIN = {"Exception", "OSError", "ValueError", "RuntimeError", "BaseException", "KeyError", "TypeError"}


def defined():
    """(name, base, file) of each public class that is an exception, found by its bases in the syntax."""
    classes = []
    for folder in ("change_events", "tf_wrapper", "ansible_collection"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
                    classes.append((node.name, bases, path))
    known = set(BUILTIN)
    while more := {name for name, bases, _ in classes if known & set(bases)} - known:
        known |= more
    for name, bases, path in classes:
        if name in known and not name.startswith("_"):
            yield name, next(base for base in bases if base in known), path


def described():
    """(name, base, file) of each line of the tree."""
    found, above = [], {}
    for line in ast.get_docstring(ast.parse(ERRORS.read_text())).splitlines():
        if entry := re.match(r"(?P<indent> *)[*x] (?P<name>\w+)(  .*?)?(\((?P<file>[\w/]+\.py)\))?$", line):
            depth = len(entry["indent"])
            if depth:
                found.append((entry["name"], above[depth - 2], entry["file"]))
            elif entry["name"] == "TfeventError":
                found.append((entry["name"], "Exception", None))
            above[depth] = entry["name"]
    return found


def place(path):
    if path == ERRORS:
        return None
    if path.is_relative_to(COLLECTION):
        return path.name
    core = ROOT / "change_events"
    return str(path.relative_to(core if path.is_relative_to(core) else ROOT))


def test_the_tree_has_every_error_with_its_base_and_file():
    real = sorted((name, base, place(path) or "") for name, base, path in defined())
    assert len(real) > 20
    assert sorted((name, base, file or "") for name, base, file in described()) == real
