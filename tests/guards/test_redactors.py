"""One way to make a redactor: a second one is a copy that forgets a rule, and prints what the first one hides."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKERS = {
    "change_events/settings/redaction.py",  # for every command
    "change_events/delivery/tailoring.py",  # a further pass over a sealed event, with one destination's own rules
    "change_events/delivery/probe.py",  # seals an event of our own words
    "change_events/redact/redactor.py",  # a copy with the same rules and secrets, for another thread
}


DELIVERING = {"deliver", "deliver_directly", "Probe"}


def makes_redactors(tree):
    """Lines that call `Redactor(…)`, by whatever module it is named."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and "Redactor" in {getattr(node.func, n, None) for n in ("id", "attr")}:
            yield node.lineno


def test_nothing_else_makes_a_redactor():
    found = {
        str(path.relative_to(ROOT))
        for folder in ("change_events", "tf_wrapper", "ansible_collection")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if list(makes_redactors(ast.parse(path.read_text())))
    }
    assert found == MAKERS


def test_whoever_delivers_gives_its_redactor():
    """Answers are quoted in reasons: by the settings' rules, and without the secrets that were seen."""
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}": {word.arg for word in node.keywords}
        for folder in ("change_events", "tf_wrapper", "ansible_collection")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in DELIVERING
    }
    without = [place for place, words in found.items() if "redactor" not in words]
    assert len(found) >= 5
    assert [place for place in without if "delivery/probe.py" not in place] == []  # `probe` is for tests
