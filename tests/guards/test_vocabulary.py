"""What users read uses one word for each concept: help, messages, schemas, `ansible-doc`, README and docs pages.

The words are those of the glossary in CONTRIBUTING.md. Decisions and the changelog are history and stay as written.
"""

from __future__ import annotations

import ast
import json
import re
from itertools import chain
from pathlib import Path

import click
import pytest

from change_events.cli.app import events

ROOT = Path(__file__).parents[2]
CODE = ("change_events", "tf_wrapper", "ansible_collection")
TELL = re.compile(r"(?<![a-z])(tells?|told|telling)(?![a-z])", re.IGNORECASE)  # in names, too
TELLING = {  # what may have it: the two guards, and texts of others
    "tests/guards/test_vocabulary.py",
    "tests/guards/test_module_names.py",
    "ansible_collection/LICENSES/GPL-3.0-or-later.txt",
}
MOST_LINES = 20  # that tell, in everything that is written by hand; lower it, never raise it

# what is not written (a regular expression, any case) → what is written instead
PREFERRED = {
    r"tell|tells|told|telling|untold": "record, report, notify, print, distinguish",
    r"what (has )?(became|becomes|become) of": "the result, the outcome of",
    r"worth an eye": "risk signals",
    r"how loudly": "severity",
    r"mend|mends|mended|mending": "fix",
    r"left alone|leave alone|leaves alone": "back off, skipped, unchanged",
    r"(goes|go) before": "takes precedence over",
    r"anew": "again",
    r"whoever|somebody|nobody": "the user, another process, no one",
    r"(?<!there )is (no|none)(?! longer| more)": "is not a, is missing",
    r"failed in part": "partially failed",
    r"cut short": "ended early",
    r"dealt with": "handled",
    r"troubles?": "problem, error",
    r"kept nowhere": "not recorded",
    r"may be asked": "rate limit",
    r"by now": "so far",
    r"owed|teller|lanes?": "waiting, producer, worker",
    r"of ours": "of tfevent",
    r"goes? without saying|all but surely": "(leave it out)",
    r"(?<=[:;] )write (a|an|one|it|text|names?|conditions|true|letters|lower)": "expected ...",
    r"says? nothing": "requires, has no effect",
}
_WORDS = {re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE): better for words, better in PREFERRED.items()}


def complaints(text):
    """Each word that is not to be used, with the preferred ones."""
    return [f"{found[0]!r}: {better}" for words, better in _WORDS.items() if (found := words.search(text))]


def prose(markdown):
    """The page without code blocks and code, which quote what other programs print, and without link targets."""
    blocks = re.compile(r"^ *(```|~~~).*?^ *\1", re.MULTILINE | re.DOTALL)
    text = blocks.sub(lambda block: "\n" * block[0].count("\n"), markdown)  # so that line numbers stay
    return re.sub(r"`[^`\n]*`|\]\([^)\n]*\)|<!--[^\n]*?-->", " ", text)


def messages(path):
    """Texts of a module that can reach a user, with their lines: literals of several words, docstrings aside."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        if is_text and " " in node.value.strip():
            yield node.lineno, node.value


def commands(command, name="tfevent events"):
    yield name, command
    if isinstance(command, click.Group):
        for word, part in command.commands.items():
            yield from commands(part, f"{name} {word}")
        for word in set(command.list_commands(click.Context(command))) - set(command.commands):
            yield from commands(command.get_command(click.Context(command), word), f"{name} {word}")


def sources():
    """Every text that is written by hand: code with its comments and names, tests, pages, examples, CI."""
    tops = (*CODE, "tests", "examples", "benchmarks", "tools", "docs", ".ci", ".github")
    suffixes = {"", ".py", ".md", ".rst", ".txt", ".yml", ".yaml", ".toml", ".sh", ".conf", ".service", ".j2", ".json"}
    for top in tops:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in suffixes and path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from (path for path in ROOT.iterdir() if path.suffix in {".md", ".toml"} or path.name == "Makefile")


def descriptions(node, path=""):
    """Titles and descriptions of a JSON Schema, by their place."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key in ("title", "description") and isinstance(value, str):
            yield f"{path}/{key}", value
        yield from descriptions(value, f"{path}/{key}")


def pages():
    docs = (path for path in sorted((ROOT / "docs").rglob("*.md")) if "decisions" not in path.parts)
    others = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "ansible_collection/README.md")
    more = chain((ROOT / "ansible_collection/roles").rglob("README.md"), (ROOT / "examples").rglob("README.md"))
    return [*docs, *(ROOT / name for name in others), *sorted(more)]


def files(*suffixes):
    return [path for top in CODE for path in sorted((ROOT / top).rglob("*")) if path.suffix in suffixes]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("What became of each host.", 1),
        ("kind: write one of a, b", 1),
        ("Told of as a trouble", 2),
        ("Somebody mends it anew", 3),
        ("'x' is no time", 1),
        ("it is no longer there; a storyteller; unanewed", 0),
        ("Record the start and report the outcome. expected one of a, b", 0),
    ],
)
def test_an_old_word_is_found_and_a_longer_word_is_not_one(text, number):
    assert len(complaints(text)) == number


def test_code_within_a_page_is_not_read():
    assert complaints(prose("Run `tell me` and\n\n```console\n$ tell\n```\n\n[it](told.md)")) == []
    assert complaints(prose("```\nx\n```\nIt is told.\n```\ny\n```\n"))


def test_hardly_a_line_tells():
    """Not of code, comments or names: something is recorded, reported, delivered, shown or distinguished."""
    lines, read = [], 0
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        read += 1
        if name not in TELLING:
            numbered = enumerate(path.read_text(errors="replace").splitlines(), 1)
            lines += [f"{name}:{number}: {line.strip()[:100]}" for number, line in numbered if TELL.search(line)]
    assert read > 1500
    assert len(lines) <= MOST_LINES, "\n".join(lines)


def test_messages_and_option_texts():
    texts = [(path, line, text) for path in files(".py") for line, text in messages(path)]
    assert len(texts) > 1500
    wrong = [f"{path.relative_to(ROOT)}:{line}: {c}" for path, line, text in texts for c in complaints(text)]
    assert wrong == []


def test_help_of_each_command():
    helped = {name: one.get_help(click.Context(one, info_name=name)) for name, one in commands(events)}
    assert len(helped) > 12
    assert [f"{name}: {complaint}" for name, text in helped.items() for complaint in complaints(text)] == []


def test_descriptions_of_the_schemas():
    found = {
        f"{path.name}{place}": text
        for path in (ROOT / "change_events/schema").glob("*.json")
        for place, text in descriptions(json.loads(path.read_text()))
    }
    assert len(found) > 150
    assert [f"{place}: {complaint}" for place, text in found.items() for complaint in complaints(text)] == []


def test_roles_and_playbooks_of_the_collection():
    read = {path: path.read_text() for path in files(".yml", ".yaml") if "molecule" not in path.parts}
    assert len(read) > 5
    assert [f"{path.relative_to(ROOT)}: {c}" for path, text in read.items() for c in complaints(text)] == []


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pages(path):
    lines = enumerate(prose(path.read_text()).splitlines(), 1)
    assert [f"{number}: {complaint}" for number, line in lines for complaint in complaints(line)] == []
