"""The tables of docs/explanation/architecture.md name what is there, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text()


def paths(section, column):
    """The paths in a column of a section's table; a bare name is in the folder of the path before it."""
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| (.+) \|$", text, re.MULTILINE):
        folder = ""
        for name in re.findall(r"`([^`]+)`", row.split(" | ")[column]):
            if not name.startswith("make "):
                path = name if "/" in name.rstrip("/") else f"{folder}/{name}"
                folder = str(Path(path).parent)
                yield path


@pytest.mark.parametrize(("section", "column"), [("Promises", 1), ("Where things are", 0)])
def test_every_path_in_the_tables_is_there(section, column):
    found = list(paths(section, column))
    assert len(found) > 15
    assert [path for path in found if not list(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("package", ["change_events", "tf_wrapper"])
def test_every_folder_and_loose_module_has_a_row(package):
    files = [path.relative_to(ROOT / package) for path in (ROOT / package).rglob("*")]
    files = [path for path in files if path.suffix in {".py", ".json"} and path != Path("__init__.py")]
    there = {f"{package}/{path.parts[0]}{'/' if len(path.parts) > 1 else ''}" for path in files}
    assert len(there) > 10
    assert there - set(paths("Where things are", 0)) == set()
