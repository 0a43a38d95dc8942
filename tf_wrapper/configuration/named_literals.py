"""Literals assigned to a name in the configuration, such as ``db_password = "…"``, found without evaluation.

A plan has the values of attributes by name; for a command without a plan, the files are searched as text. Comments and
heredocs that look like attributes are found too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from change_events.text.lazy_pattern import lazy_pattern
from tf_wrapper.configuration import inputs
from tf_wrapper.configuration.files import module_files
from tf_wrapper.configuration.secrets import module_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 0.5  # for the modules below the root one
_PAIR = lazy_pattern(r'(?<![\w.-])"?([A-Za-z_][\w-]*)"?\s*[=:]\s*("(?:[^"\\\n]|\\[^\n])*")')  # HCL and JSON
_TEMPLATES = ("${", "%{")


def find_named_literals(
    root: str, directory: str, data_dir: str, *, tofu: bool | None = None
) -> Iterator[tuple[str, str]]:
    """Return the name and text of the literals in a configuration, including the modules it calls.

    Args:
        root: the root module.
        directory: terraform's working directory.
        data_dir: terraform's data directory, which lists the modules.
        tofu: whether OpenTofu reads the configuration.
    """
    deadline: float | None = None
    for folder in dict.fromkeys((root, *module_folders(data_dir, directory).values())):
        if deadline is not None and time.monotonic() > deadline:
            return
        for path in module_files(folder, tofu=tofu):
            yield from _literals((inputs.read(path) or b"").decode("utf-8", "replace"))
        deadline = deadline or time.monotonic() + _SECONDS


def _literals(text: str) -> Iterator[tuple[str, str]]:
    for name, quoted in _PAIR.findall(text):
        if any(mark in quoted for mark in _TEMPLATES):
            continue  # only an evaluator knows it
        yield name, _unquoted(quoted) if "\\" in quoted else quoted[1:-1]


def _unquoted(quoted: str) -> str:
    import json

    try:
        return str(json.loads(quoted))
    except ValueError:  # an escape that only HCL has
        return quoted[1:-1]
