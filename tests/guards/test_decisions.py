"""docs/decisions/: numbered without gaps, each of one form, all in the index."""

from __future__ import annotations

import pytest

from tools import decisions
from tools.reference_pages import DOCS


def test_numbers_have_no_gap_and_titles_are_unique():
    found = decisions.decisions()
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert len({one.title for one in found}) == len(found) > 80


def test_the_index_is_current():
    (name, text), *others = decisions.pages().items()
    assert not others
    assert (DOCS / name).read_text() == text, "run make schema"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("0001-a.md", "# A\n\n* Date: 2026-11-29\n* Status: accepted\n\n## Price\n"),
        ("0001-a.md", "# 2. A\n\n* Date: 2026-11-29\n* Status: accepted\n\n## Price\n"),
        ("0001-a.md", "# 1. A\n\n* Date: 2026-11-29\n* Status: accepted\n"),
        ("a.md", "# 1. A\n\n* Date: 2026-11-29\n* Status: accepted\n\n## Price\n"),
    ],
)
def test_what_has_not_the_form_is_named(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=name):
        decisions.decisions(tmp_path)
