"""The table of settings that are watched: ``rules.tsv``, and what ``tfevent.yaml`` adds to it.

Columns of the file:

* ``resource_types``: one or several, between ``|``.
* ``attribute_path``: names between dots, without indices: blocks and lists are looked through. A key with dots in it
  stands in brackets and quotes: ``metadata.labels["example.com/key"]``.
* ``change``: one or several forms between `` or ``, see :mod:`change_events.signals.forms`.
* ``given``: conditions between ``;`` that must hold as well (:func:`change_events.signals.given.holds`).
* ``signal``: a name of :mod:`change_events.signals.names`.
* ``checks``: ids of the rules of Checkov and Trivy that look at the same attribute, for a reader's search.

Types and attributes were checked against the documentation and the schemas of the providers on 2026-11-30. Names that a
later version of a provider replaced (``enable_https_traffic_only``, ``azurerm_sql_firewall_rule``) stay for older ones.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from change_events.text.lazy_pattern import lazy_pattern

_STEP = lazy_pattern(r'([^.\[\]"]+)|\["([^"]*)"\]')
ELSEWHERE = ("world", "everybody", "policy")
"""Forms of a change that rules of their own judge for all types: the rows are there for their conditions."""


class Row(NamedTuple):
    """One row of the table.

    Attributes:
        path: as written; ``steps`` are its names.
        forms: of changes, one of which is enough.
        given: conditions, all of which must hold.
        own: it is a user's rule: its reasons show no values.
        reason: the user's own words; empty where there are none.
    """

    path: str
    forms: tuple[str, ...]
    given: tuple[str, ...]
    signal: str
    own: bool = False
    reason: str = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the path."""
        return steps_of(self.path)


@cache
def steps_of(path: str) -> tuple[str, ...]:
    """``a.b["c.d"]`` as ``("a", "b", "c.d")``."""
    return tuple(name or quoted for name, quoted in _STEP.findall(path))


@cache
def table() -> dict[str, tuple[Row, ...]]:
    """The rows by resource type."""
    found: dict[str, list[Row]] = {}
    lines = Path(__file__).with_name("rules.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        types, path, change, given, signal, _ = line.split("\t")  # ours, and without quotes
        row = Row(path, tuple(change.split(" or ")), tuple(filter(None, given.split(";"))), signal)
        for kind in types.split("|"):
            found.setdefault(kind, []).append(row)
    return {kind: tuple(rows) for kind, rows in found.items()}
