"""The index of docs/decisions/: a table of the files, newest last, written by ``make schema``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
PAGE = "decisions/index.md"
_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
_HEAD = """# Decisions

Why things are as they are: each decision with its context, the choice, and its price.
A new one is a file of its own with the next number, in the form of the last one; `make schema` writes this table.
A decision that is revised keeps its file and gets the status "superseded by NNNN".

"""


class Decision(NamedTuple):
    """One file: ``number`` of its name, ``title`` of its heading, ``date`` and ``status`` of the list below it."""

    file: str
    number: int
    title: str
    date: str
    status: str


def decisions(folder: Path = FOLDER) -> list[Decision]:
    """All decisions, by number. Raises ValueError for a file that has not the form of one."""
    return [_read(path) for path in sorted(folder.glob("*.md")) if path.name != "index.md"]


def _read(path: Path) -> Decision:
    text = path.read_text(encoding="utf-8")
    name = _NAME.fullmatch(path.name)
    head = re.match(r"# (\d+)\. (.+)\n\n\* Date: (\d{4}-\d\d-\d\d)\n\* Status: (.+)\n", text)
    if name is None or head is None or int(name[1]) != int(head[1]):
        raise ValueError(f"{path.name} does not begin as a decision does: '# NUMBER. TITLE', then date and status")
    if "\n## Price\n" not in text:
        raise ValueError(f"{path.name} has no section 'Price'")
    return Decision(path.name, int(head[1]), head[2], head[3], head[4])


def pages() -> dict[str, str]:
    """The text of the index, by its name below docs/."""
    rows = [f"| {one.number} | [{one.title}]({one.file}) | {one.date} | {one.status} |" for one in decisions()]
    return {PAGE: _HEAD + "\n".join(["| No. | Decision | Date | Status |", "| --- | --- | --- | --- |", *rows]) + "\n"}
