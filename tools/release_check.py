"""Check that a tag is a release of what is in the tree, and write its notes: ``make release-check TAG=v1.2.3``.

The tag has to be the version of the package and of the collection, and both changelogs need a dated section of it.
Nothing but Python is needed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTES = Path(".cache") / "release-notes.md"


def problems(root: Path, tag: str) -> list[str]:
    """What keeps ``tag`` from being released from the tree ``root``, a sentence each."""
    version = tag.removeprefix("v")
    found = []
    if not re.fullmatch(r"v\d+\.\d+\.\d+((a|b|rc)\d+)?", tag):
        found.append(f"the tag {tag!r} is not of the form v1.2.3")
    for name, pattern in (
        ("change_events/__init__.py", r'^__version__ = "(.+)"$'),
        ("ansible_collection/galaxy.yml", r"^version: (.+)$"),
    ):
        stated = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        if stated is None or stated[1] != version:
            found.append(f"{name} has the version {stated[1] if stated else None}, the tag is {tag}")
    if not notes(root, version):
        found.append(f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD' with text")
    if f"\n  {version}:\n" not in (root / "ansible_collection/changelogs/changelog.yaml").read_text(encoding="utf-8"):
        found.append(
            f"ansible_collection/changelogs/changelog.yaml has no release {version}: antsibull-changelog release"
        )
    return found


def notes(root: Path, version: str) -> str:
    """The changelog's section of a version, without its heading; empty if there is none that has a date."""
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    found = re.search(
        rf"{heading}\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)",
        (root / "CHANGELOG.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return found[1].strip() if found else ""


def main(tag: str) -> int:
    """Print what is wrong, or write the notes of the release."""
    found = problems(ROOT, tag)
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if not found:
        (ROOT / NOTES).parent.mkdir(exist_ok=True)
        (ROOT / NOTES).write_text(notes(ROOT, tag.removeprefix("v")) + "\n", encoding="utf-8")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) > 1 else "the tag, please: make release-check TAG=v1.2.3")
