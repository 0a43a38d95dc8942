# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of a run, rebuilt from its parsed options; values that may be secrets are left out."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HIDDEN = "…"
_TAGS = (("tags", "--tags"), ("skip_tags", "--skip-tags"))
_VALUES = (
    ("subset", "--limit"),
    ("start_at_task", "--start-at-task"),
    ("module_name", "-m"),
)
_LONGEST_PATTERN = 80
_FLAGS = (("check", "--check"), ("diff", "--diff"), ("become", "--become"))


def words(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words of the command, quoted: ``('ansible-playbook', 'site.yml', '-i', 'production', '--check')``.

    Args:
        options: Ansible's parsed command line.
    """
    return tuple(word if word == HIDDEN else _short(word) for word in _words(options))


def playbooks(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the playbooks of the command as given; for an ad-hoc command, its pattern of hosts."""
    arguments = options.get("args")
    return tuple(str(word) for word in (arguments if isinstance(arguments, (list, tuple)) else (arguments,)) if word)


def ad_hoc(options: Mapping[str, Any]) -> str | None:
    """Return module and pattern of an ad-hoc command, as ``ad-hoc shell on web1``; None for a playbook."""
    module = str(options.get("module_name") or "")
    pattern = " ".join(playbooks(options))
    if not module:
        return None
    shown = pattern if len(pattern) <= _LONGEST_PATTERN else pattern[: _LONGEST_PATTERN - 1] + "…"
    return f"ad-hoc {module} on {shown}"


def _words(options: Mapping[str, Any]) -> Iterator[str]:
    yield "ansible" if options.get("module_name") else "ansible-playbook"
    yield from playbooks(options)
    for value in _texts(options.get("inventory")):
        yield from ("-i", value)
    for name, flag in _TAGS:
        tags = sorted(tag for tag in _texts(options.get(name)) if tag != "all")
        if tags:
            yield from (flag, ",".join(tags))
    for name, flag in _VALUES:
        if options.get(name):
            yield from (flag, str(options[name]))
    if options.get("module_args"):
        yield from ("-a", HIDDEN)
    for name, flag in _FLAGS:
        if options.get(name):
            yield flag
    for given in _texts(options.get("extra_vars")):
        yield from ("-e", given if given.startswith("@") else HIDDEN)


def _texts(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(str(part) for part in parts if part)


def _short(word: str) -> str:
    """Return a path as it would be typed: quoted if needed, with ``~`` for the home folder."""
    home = os.path.expanduser("~") + os.sep
    inside = len(home) > 1 + len(os.sep) and word.startswith(home)
    return f"~{os.sep}{shlex.quote(word[len(home) :])}" if inside else shlex.quote(word)
