"""Every path and every link that the documentation names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*DOCS, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))]
FOLDERS = (
    "ansible_collection",
    "benchmarks",
    "change_events",
    "docs",
    "examples",
    "requirements",
    "tests",
    "tf_wrapper",
)
NAMED = re.compile(rf"`((?:{'|'.join((*FOLDERS, 'tools', '.ci', '.github'))})/[^`\s]*)`")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
OURS = re.compile(r"https://github\.com/tfevent/tfevent/(?:blob|tree)/main/([^)#\s]+)")
MODULE = re.compile(r"`(?:[\w./-]*/)?(\w+\.py)`")  # by its name alone, or within a folder that is named before
PLACEHOLDER = re.compile(r"<\w+>|NAME|NNNN|…")


def exists(path):
    return bool(list(ROOT.glob(PLACEHOLDER.sub("*", path.rstrip("/")))))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_and_links_are_there(page):
    text = page.read_text()
    is_history = page.parent.name == "decisions"  # a decision names the files of its time
    named = [] if is_history else NAMED.findall(text)
    assert [path for path in (*named, *OURS.findall(text)) if not exists(path)] == []
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name != "decisions"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_modules_that_are_named_are_there(page):
    there = {path.name for folder in (*FOLDERS, "tools", ".ci") for path in (ROOT / folder).rglob("*.py")}
    assert len(there) > 500
    assert set(MODULE.findall(page.read_text())) - there - {"NAME.py"} == set()


def test_every_page_is_in_the_navigation():
    def pages(entries):
        for entry in entries:
            for value in entry.values():
                yield from pages(value) if isinstance(value, list) else [value]

    nav = list(pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert len(nav) == len(set(nav))
    assert sorted(nav) == sorted(
        path.relative_to(ROOT / "docs").as_posix() for path in DOCS if not re.match(r"\d{4}-", path.name)
    )
