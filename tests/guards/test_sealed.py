"""Only the redactor's last pass makes what can be recorded and sent."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKER = "change_events/redact/sealing.py"


def makes_sealed(tree):
    """Calls of `SealedEvent(…)`, however it was imported, and `convert(…, SealedEvent)` and the like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            names = [node.func, *node.args, *(keyword.value for keyword in node.keywords)]
            if any("SealedEvent" in {getattr(name, "id", None), getattr(name, "attr", None)} for name in names):
                yield node.lineno


def test_nothing_else_makes_a_sealed_event():
    found = {
        str(path.relative_to(ROOT)): lines
        for folder in ("change_events", "tf_wrapper", "ansible_collection")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := list(makes_sealed(ast.parse(path.read_text()))))
    }
    assert list(found) == [MAKER], found
