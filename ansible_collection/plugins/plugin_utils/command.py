# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of a run, put together from its parsed options: of what may hold secrets, only that it is there."""

from __future__ import annotations

import os
import shlex
from typing import Any, Iterator, Mapping

HIDDEN = "…"
_LISTS = (("inventory", "-i"), ("skip_tags", "--skip-tags"))
_VALUES = (
    ("subset", "--limit"),
    ("start_at_task", "--start-at-task"),
    ("module_name", "-m"),
)
_FLAGS = (("check", "--check"), ("diff", "--diff"), ("become", "--become"))


def words(options: Mapping[str, Any]) -> tuple[str, ...]:
    """``('ansible-playbook', 'site.yml', '-i', 'production', '--check')``, each word quoted where it must be.

    Args:
        options: Ansible's parsed command line.
    """
    return tuple(shlex.quote(word) if word != HIDDEN else word for word in _words(options))


def playbooks(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The playbooks of the command, as they were given; of an ad-hoc command, its pattern of hosts."""
    given = options.get("args")
    return tuple(str(word) for word in (given if isinstance(given, (list, tuple)) else (given,)) if word)


def _words(options: Mapping[str, Any]) -> Iterator[str]:
    yield "ansible" if options.get("module_name") else "ansible-playbook"
    yield from playbooks(options)
    for name, flag in _LISTS:
        for value in texts(options.get(name)):
            yield from (flag, value)
    tags = [tag for tag in texts(options.get("tags")) if tag != "all"]
    if tags:
        yield from ("--tags", ",".join(tags))
    for name, flag in _VALUES:
        if value := options.get(name):
            yield from (flag, str(value))
    if options.get("module_args"):
        yield from ("-a", HIDDEN)
    for name, flag in _FLAGS:
        if options.get(name):
            yield flag
    for given in texts(options.get("extra_vars")):
        yield from ("-e", given if given.startswith("@") else HIDDEN)


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts, one text, or nothing, as a tuple; paths in the home folder by ``~``."""
    parts = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(_short(str(part)) for part in parts if part)


def _short(text: str) -> str:
    home = os.path.expanduser("~")
    return "~" + text[len(home) :] if len(home) > 1 and text.startswith(home + os.sep) else text
