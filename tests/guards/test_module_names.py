"""A module's name says what is in it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("change_events", "tf_wrapper", "ansible_collection/plugins/plugin_utils")
VAGUE = {"words", "things", "story", "telling", "told", "misc", "util", "utils", "helper", "helpers", "common"}


def vague(names):
    return [name for name in names if VAGUE & set(re.split(r"[._]", name))]


def test_a_vague_name_is_found_whatever_stands_beside_it():
    assert vague(["title_words.py", "common.py", "history.py", "story"]) == ["title_words.py", "common.py", "story"]


def test_no_module_or_folder_has_a_vague_name():
    names = [
        part for top in FOLDERS for file in (ROOT / top).rglob("*.py") for part in file.relative_to(ROOT / top).parts
    ]
    assert len(names) > 300
    assert vague(names) == []
