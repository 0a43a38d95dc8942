"""No module and no folder imports itself through others, however the import is written.

Imports inside functions and under ``TYPE_CHECKING`` count too: they cost nothing at run time, but of two modules that
name each other, neither can be understood, tested or moved alone. `lint-imports` holds the order of the folders; it
looks neither into the folders nor at the collection.
"""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "change_events": ROOT / "change_events",
    "tf_wrapper": ROOT / "tf_wrapper",
    "ansible_collections.tfevent.infra.plugins.plugin_utils": ROOT / "ansible_collection/plugins/plugin_utils",
}


def modules(package, folder):
    """Every module of a package by its dotted name, as its file."""
    return {
        ".".join((package, *file.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__"): file
        for file in sorted(folder.rglob("*.py"))
    }


def imports(text):
    """The names that a module imports anywhere in it, a name out of a module as ``module.name``."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def import_graph(package):
    """Which modules of a package each of them imports."""
    known = modules(package, PACKAGES[package])
    graph = {}
    for name, file in known.items():
        found = imports(file.read_text())
        graph[name] = {one if one in known else one.rpartition(".")[0] for one in found} & set(known) - {name}
    return graph


def folders(graph, package):
    """The same of the folders and loose modules right below a package; its own `__init__` is left out."""

    def top(name):
        return name.removeprefix(f"{package}.").partition(".")[0]

    merged = {}
    for name, imported in graph.items():
        others = {top(one) for one in imported if one != package} - {top(name)}
        merged.setdefault(top(name), set()).update(others if name != package else ())
    return merged


def circle(graph):
    """One circle of a graph, as the names on it; None where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_a_circle_is_found_whichever_way_it_is_written():
    lazy = "def f():\n    import p.a"
    typing = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.b import B"
    assert circle({"p.a": set(imports(typing)) & {"p.b.B"}, "p.b.B": set(imports(lazy))}) is not None
    assert circle({"p.a": {"p.b"}, "p.b": set()}) is None


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_through_others(package):
    graph = import_graph(package)
    assert sum(map(len, graph.values())) > 20
    found = circle(graph)
    assert found is None


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_imports_itself_through_others(package):
    found = circle(folders(import_graph(package), package))
    assert found is None
