"""What a reader sees first of a change, in Markdown and on a terminal."""

import click
import pytest

from change_events.cli.render.changes import change_lines
from change_events.model import Action, ChangeOutcome
from change_events.summary.attributes import arranged
from change_events.summary.change_text import change as in_markdown
from tests.summary.typical_events import ABSENT, UNKNOWN, attribute, change, value

COMPUTED = [attribute(f"a{n:02}", value('"x"'), UNKNOWN) for n in range(30)]
EMPTY = [attribute(f"b{n}", value('""'), ABSENT) for n in range(3)]
NOTABLE = [
    attribute("backup", value("7"), value("0")),
    attribute("added", ABSENT, value('"x"')),
    attribute("encrypted", value("false"), value("true"), forces_replacement=True),
    attribute("public", value("false"), value("true")),
]


def database(**more):
    attributes = (*COMPUTED[:20], *EMPTY, *NOTABLE, *COMPUTED[20:])
    return change("aws_db_instance.main", Action.REPLACE, attributes=attributes, **more)


def places(text, *names):
    return [text.index(name) for name in names]


def test_what_forces_and_what_is_known_come_first_and_computed_ones_are_a_figure():
    shown, computed = arranged(database().attributes)
    assert [one.path for one in shown] == ["encrypted", "backup", "public", "added"]
    assert len(computed) == 33


@pytest.mark.parametrize("draw", [in_markdown, lambda one: "\n".join(change_lines([one], 50))])
def test_the_computed_ones_are_one_line(draw):
    text = draw(database())
    found = places(text, "encrypted", "backup", "public", "added", "… and 33 computed attributes")
    assert found == sorted(found)
    assert "a01" not in text


def test_a_limit_of_0_shows_all():
    text = "\n".join(change_lines([database()], None))
    assert all(f"a{n:02}" in text for n in range(30))
    assert "computed" not in text


def test_what_forces_is_shown_though_it_is_known_only_after_the_apply():
    forced = attribute("x", value('"a"'), UNKNOWN, forces_replacement=True)
    assert arranged([forced]).shown == [forced]


def test_lines_of_a_script_are_a_block_of_code_in_markdown_and_lines_on_a_terminal():
    lines = ("- apt-get install -y nginx", "+ echo ```")
    one = change("x_y.a", Action.UPDATE, attributes=(attribute("input", value("1"), value("2"), lines=lines),))
    assert "\n    ````diff\n    - apt-get install -y nginx\n    + echo ```\n    ````" in in_markdown(one)
    assert "        - apt-get install -y nginx\n" in click.unstyle("\n".join(change_lines([one], 9)))


def test_a_failure_has_our_words_the_error_and_its_output_apart():
    error = "local-exec provisioner error\nError running command: exit status 1\nOutput: no *space* left"
    note = "created, but a provisioner failed: it is tainted"
    failed = change(
        "x_y.a", Action.REPLACE, ChangeOutcome.FAILED, error=error, note=note, reason="replace_because_tainted"
    )
    text = in_markdown(failed)
    assert text == (
        "- replace `x_y.a`: **failed**; created, but a provisioner failed: it is tainted\n"
        "  - local\\-exec provisioner error\n"
        "    ```\n    Error running command: exit status 1\n    Output: no *space* left\n    ```"
    )
    assert text.count("tainted") == 1
