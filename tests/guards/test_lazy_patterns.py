"""Patterns that are compiled on first use: all of them are ones, and behave as those of ``re``."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import change_events
import tf_wrapper
from change_events.text.lazy_pattern import LazyPattern, lazy_pattern


def patterns():
    for package in (change_events, tf_wrapper):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if isinstance(value, LazyPattern):
                    yield f"{found.name}.{name}", value


def test_each_pattern_compiles():
    found = dict(patterns())
    assert len(found) > 100
    assert [name for name, pattern in found.items() if not isinstance(pattern.pattern, str | bytes)] == []


def compiled_at_import(node):
    """Lines of a module that compile a pattern when it is imported, thus outside of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Call) and ast.unparse(child.func) == "re.compile":
            yield child.lineno
        yield from compiled_at_import(child)


def test_none_is_compiled_at_import():
    sample = "A = re.compile('a')\nclass B:\n    C = f(re.compile('c'))\n    def d(self):\n        re.compile('d')"
    assert list(compiled_at_import(ast.parse(sample))) == [1, 3]
    files = [file for package in (change_events, tf_wrapper) for file in Path(package.__path__[0]).rglob("*.py")]
    assert len(files) > 200
    assert [(file.name, line) for file in files for line in compiled_at_import(ast.parse(file.read_text()))] == []


def test_it_is_as_a_pattern_of_re():
    pattern = lazy_pattern(r"(?P<word>[a-z]+)", re.IGNORECASE)
    assert pattern.fullmatch("Word")["word"] == "Word"
    assert pattern.sub("x", "a 1 b") == "x 1 x"
    assert (pattern.pattern, pattern.flags & re.IGNORECASE, pattern.groupindex["word"]) == (r"(?P<word>[a-z]+)", 2, 1)


def test_a_mistake_shows_at_the_first_use():
    with pytest.raises(re.error):
        lazy_pattern("(").search("")
