"""No test depends on how fast the machine is: wall-clock limits are those of `tests.support.speed`, or far away.

Nor on how long it waits until it is run: no module of the tests asks for the time when it is imported.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CLOCKS = {"monotonic", "perf_counter", "time"}
MOMENTS = {*CLOCKS, "monotonic_ns", "perf_counter_ns", "time_ns", "now", "today", "utcnow", "new_id"}
FAR = 60  # seconds: a wait that only something that hangs exceeds, on a slow machine too
WAITS = {"run", "wait", "communicate", "join", "check_output", "check_call", "call", "get"}


def is_clock(node):
    """A call like ``time.monotonic()``."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    return getattr(called, "attr", getattr(called, "id", None)) in CLOCKS and not node.args


def is_number(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))


class Finder(ast.NodeVisitor):
    """Collects (line, what is wrong)."""

    def __init__(self):
        self.found = []

    def visit_BinOp(self, node):
        if isinstance(node.op, ast.Sub) and is_clock(node.left) and not is_number(node.right):
            self.found.append((node.lineno, "a difference of clocks: use at_most or stopwatch"))
        if isinstance(node.op, ast.Add) and is_clock(node.left) and is_number(node.right) and node.right.value < FAR:
            self.found.append((node.lineno, "a near deadline: use wait_for or limit"))
        self.generic_visit(node)

    def visit_Compare(self, node):
        sides = [node.left, *node.comparators]
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            small, large = (left, right) if isinstance(operator, (ast.Lt, ast.LtE)) else (right, left)
            if isinstance(operator, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) and is_took(small) and is_number(large):
                self.found.append((node.lineno, "an upper limit of seconds: use at_most or limit"))
        self.generic_visit(node)

    def visit_Call(self, node):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        near = [k.value for k in node.keywords if k.arg == "timeout" and is_number(k.value) and k.value.value < FAR]
        if name in WAITS and near:
            self.found.append((node.lineno, "a near timeout: use HANG"))
        if name == "timeout" and node.args and is_number(node.args[0]) and node.args[0].value < FAR:
            self.found.append((node.lineno, "a near timeout of a test: only what hangs may meet it"))
        self.generic_visit(node)


class ImportTime(ast.NodeVisitor):
    """Collects the lines on which a clock is read when the module is imported."""

    def __init__(self):
        self.found = []

    def visit_FunctionDef(self, node):
        """Its body runs later; its decorators and defaults do not."""
        for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(part)

    def visit_Lambda(self, node):
        pass

    def visit_Call(self, node):
        if getattr(node.func, "attr", getattr(node.func, "id", None)) in MOMENTS:
            self.found.append(node.lineno)
        self.generic_visit(node)


def moments(tree):
    finder = ImportTime()
    finder.visit(tree)
    return finder.found


def is_took(node):
    return isinstance(node, ast.Attribute) and node.attr == "seconds" and isinstance(node.value, ast.Name)


@cache
def modules():
    """All modules of the tests, read once: (name, syntax tree)."""
    paths = [path for path in TESTS.rglob("*.py") if "golden" not in path.parts]
    return [(path.relative_to(TESTS).as_posix(), ast.parse(path.read_text())) for path in paths]


def problems(tree):
    finder = Finder()
    finder.visit(tree)
    return finder.found


def test_no_moment_is_taken_when_a_module_is_imported():
    """By the time a test runs, it may be an hour ago: an age beside it means something else then."""
    assert [f"{name}:{line}" for name, tree in modules() for line in moments(tree)] == []


@pytest.mark.parametrize(
    "line",
    [
        "NOW = datetime.now(UTC)",
        "class A:\n    at = time.time()",
        "def a(at=time.time()): pass",
        "@b(time_ns())\ndef a(): pass",
    ],
)
def test_each_way_to_take_one_is_found(line):
    assert len(moments(ast.parse(line))) == 1


def test_what_is_read_in_a_test_is_no_such_moment():
    assert moments(ast.parse("def a(at=1):\n    return time.time()\nb = lambda: now()")) == []


def test_no_test_compares_clocks_with_numbers():
    trees = [(name, tree) for name, tree in modules() if name != "support/speed.py"]
    assert [f"{name}:{line}: {what}" for name, tree in trees for line, what in problems(tree)] == []


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - begun < 2",
        "took = perf_counter() - begun",
        "end = time.time() + 5",
        "assert took.seconds < 3",
        "assert 3 >= took.seconds",
        "subprocess.run(['x'], timeout=10)",
        "process.communicate(timeout=5.5)",
        "pytest.mark.timeout(20)",
    ],
)
def test_each_kind_is_found(line):
    assert len(problems(ast.parse(line))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "assert took.seconds >= 0.9",
        "assert ours.seconds < 2 * bare.seconds",
        "process.wait(timeout=HANG)",
        "at = time.time() + ahead",
        "assert time.process_time() - begun < 2",
        "later = time.time() - 86_400",
    ],
)
def test_what_no_machine_is_too_slow_for_is_allowed(line):
    assert problems(ast.parse(line)) == []
