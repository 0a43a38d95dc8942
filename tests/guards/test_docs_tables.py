"""Tables and lists of the pages that the code decides: kinds of causes, titles, fields of git, CI systems."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from change_events.context import ci
from change_events.explicit import titles
from change_events.model import Actor, CauseKind, ChangeEvent, Confidence, Kind, Outcome, Phase, Tool, Vcs

DOCS = Path(__file__).parents[2] / "docs"
EXPLICIT = {"previous", "commits", "commits_omitted", "commits_unknown"}  # of explicit events, on their own page


def rows(page, heading):
    """The rows of the table with this first line, their cells without code marks."""
    text = (DOCS / page).read_text()
    table = re.search(rf"^{re.escape(heading)}\n\|[ |:-]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"docs/{page} has no table {heading}"
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")] for line in table[1].splitlines()]


def test_the_kinds_of_causes():
    kinds = [kind for kind, _ in rows("reference/causes.md", "| Kind | Evidence |")]
    assert kinds == [kind.value for kind in CauseKind]
    of_tasks = [kind for kind, _ in rows("reference/causes.md", "| Kind | Evidence for a task |")]
    assert set(of_tasks) < set(kinds)
    page = (DOCS / "reference/causes.md").read_text()
    assert all(f"`{one.value}` where" in page for one in Confidence)


def titled(kind, outcome, detail="", **fields):
    own = {"service": "shop", "version": "1.4.2", "environment": "prod", **fields}
    event = ChangeEvent(
        id="e", kind=kind, phase=Phase.APPLIED, started_at=datetime(2026, 11, 30, tzinfo=UTC), title="",
        outcome=outcome, explicit=True, **{name: value for name, value in own.items() if value},
    )  # fmt: skip
    return titles.default(event, detail)


FAILED = (Outcome.FAILED, "exit code 3")
WEB = {"environment": None, "actor": Actor(host="web1")}
TITLES = {
    "deployment": (titled(Kind.DEPLOYMENT, Outcome.SUCCEEDED), titled(Kind.DEPLOYMENT, *FAILED)),
    "build": (
        titled(Kind.BUILD, Outcome.SUCCEEDED, environment=None),
        titled(Kind.BUILD, Outcome.CANCELLED, "SIGINT", environment=None),
    ),
    "custom, infrastructure, by run": tuple(
        titled(Kind.CUSTOM, *end, tool=Tool(name="migrate.sh"))
        for end in ((Outcome.SUCCEEDED,), (Outcome.FAILED, "exit code 1"))
    ),
}


@pytest.mark.parametrize("kind", TITLES)
def test_the_titles_of_explicit_events(kind):
    (row,) = [
        row for row in rows("how-to/explicit-events.md", "| kind | it went well | it did not |") if row[0] == kind
    ]
    assert row[1:] == list(TITLES[kind])


def test_the_fields_of_git():
    named = [name for row in rows("reference/context.md", "| field | from |") for name in row[0].split(", ")]
    assert sorted(named) == sorted(set(Vcs.__struct_fields__) - EXPLICIT)


def test_the_ci_systems():
    page = (DOCS / "reference/context.md").read_text()
    listed = re.search(r"Systems that run inside others come first: (.*?)\.\s+The table", page, re.DOTALL)[1]
    names = re.split(r",\s+| and ", listed)
    assert [re.sub(r" Actions$", "", name) for name in names] == [
        re.sub(r" Actions$", "", system.name) for system in ci.SYSTEMS
    ]
    without = re.search(r"(?<=\.\s)([^.]*) provide no run URL", page)[1]
    assert re.split(r", | and ", without) == [system.name for system in ci.SYSTEMS if not system.run_url]
