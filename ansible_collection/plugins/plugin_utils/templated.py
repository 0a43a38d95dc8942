# Copyright: the tfevent authors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Infers values that Ansible has filled into templates, by comparing template and result.

A variable such as ``db_password: "{{ lookup('pipe', …) }}"`` has no value before it is used, and repeating a lookup may
be slow or have side effects. So nothing is looked up here: from ``test -p {{ db_password }}`` and ``test -p x1y2`` it
follows that ``db_password`` is ``x1y2``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

_PIECE = re.compile(r"\{\{-?(.*?)-?\}\}|\{%-?(.*?)-?%\}|\{#.*?#\}", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[A-Za-z_]\w*")
_CALL = re.compile(r"\b(?:lookup|query|q)\s*\(")
_NAMED_CALL = re.compile(r"\b(?:lookup|query|q)\s*\(\s*['\"]([\w.]+)['\"]")
_FILE = re.compile(
    r"\b(?:lookup|query|q)\s*\(\s*['\"](?:ansible\.builtin\.)?(?:file|unvault|template)['\"]\s*,\s*['\"]([^'\"{}]+)['\"]"
)
_OPAQUE = re.compile(r"\bhostvars\b|\bvars\b|\|\s*\w+\.\w+")  # values of other hosts, filters of collections
_HARMLESS_LOOKUPS = {"env", "ansible.builtin.env"}
_LONGEST = 20_000  # characters of a template
_MOST = 200  # values of one task
_MOST_WORDS = 20
_DEEPEST = 8


class Filled(NamedTuple):
    """The value in place of an expression.

    Attributes:
        words: names in the expression: variables, attributes, filters.
        value: its value.
    """

    words: tuple[str, ...]
    value: Any


def filled(template: Any, result: Any) -> Iterator[Filled]:
    """Return the values inside a result whose template is known, up to a limit.

    Args:
        template: a text, or texts in lists and mappings.
        result: the same after templating.
    """
    for count, one in enumerate(_filled(template, result, 0)):
        if count >= _MOST:
            return
        yield one


def _filled(template: Any, result: Any, depth: int) -> Iterator[Filled]:
    if depth > _DEEPEST:
        return
    if isinstance(template, Mapping) and isinstance(result, Mapping):
        for name, part in template.items():
            if name in result:
                yield from _filled(part, result[name], depth + 1)
    elif isinstance(template, (list, tuple)) and isinstance(result, (list, tuple)) and len(template) == len(result):
        for part, value in zip(template, result, strict=True):
            yield from _filled(part, value, depth + 1)
    elif isinstance(template, str) and has_template(template) and len(template) <= _LONGEST:
        yield from _of_text(str.__str__(template).strip(), result)


def has_template(text: Any) -> bool:
    """Return whether a value contains templates."""
    return isinstance(text, str) and ("{{" in text or "{%" in text)


def _of_text(template: str, result: Any) -> Iterator[Filled]:
    fixed, gaps = _pieces(template)
    if fixed == ["", ""]:
        yield Filled(gaps[0], result)
        return
    if not isinstance(result, (str, int, float)):
        return
    text = str(result).strip()
    for gap, first, last in zip(gaps, _leftmost(fixed, text), _rightmost(fixed, text), strict=True):
        for value in dict.fromkeys((first, last)):  # they differ where it is not clear which part is which
            if value:
                yield Filled(gap, value)


@lru_cache(maxsize=500)  # a task's templates are asked for with the result of each host that it changed
def _pieces(template: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the fixed texts, and the words of the expressions between them: one text more than expressions."""
    fixed: list[str] = []
    gaps: list[tuple[str, ...]] = []
    end = 0
    for match in _PIECE.finditer(template):
        before, words = template[end : match.start()], _words(match[1] or match[2] or "")
        if gaps and not before:  # nothing distinguishes them
            gaps[-1] = (*gaps[-1], *words)
        else:
            fixed.append(before)
            gaps.append(words)
        end = match.end()
    return [*fixed, template[end:]], gaps


def _words(expression: str) -> tuple[str, ...]:
    bare = expression if _CALL.search(expression) else _QUOTED.sub("", expression)
    quoted = [word for text in re.findall(r"\[\s*['\"](\w+)['\"]\s*\]", expression) for word in _WORD.findall(text)]
    return tuple(dict.fromkeys([*_WORD.findall(bare), *quoted]))[:_MOST_WORDS]


def _leftmost(fixed: list[str], text: str) -> list[str]:
    """Return the shortest matches from the left; empty texts if the fixed texts do not all occur."""
    if not text.startswith(fixed[0]) or not text.endswith(fixed[-1]):
        return [""] * (len(fixed) - 1)
    at, stop, found = len(fixed[0]), len(text) - len(fixed[-1]), []
    for after in fixed[1:-1]:
        end = text.find(after, at, stop)
        if end < 0:
            return [""] * (len(fixed) - 1)
        found.append(text[at:end])
        at = end + len(after)
    return [*found, text[at:stop]]


def _rightmost(fixed: list[str], text: str) -> list[str]:
    """Return the shortest matches from the right."""
    turned = _leftmost([part[::-1] for part in reversed(fixed)], text[::-1])
    return [part[::-1] for part in reversed(turned)]


def files_read(text: Any) -> list[str]:
    """Return the names of files read by lookups of a template, as far as they are literal."""
    return _FILE.findall(text) if isinstance(text, str) and "(" in text else []


def is_pure(template: str, variables: Mapping[str, Any], depth: int = 0) -> bool:
    """Return whether a template yields the same result again, without side effects.

    Lookups are not repeated, except of environment variables; nor are the variables that they name.
    """
    if depth > _DEEPEST or len(template) > _LONGEST or _OPAQUE.search(template):
        return False
    if len(_CALL.findall(template)) != len(
        [name for name in _NAMED_CALL.findall(template) if name in _HARMLESS_LOOKUPS]
    ):
        return False
    named = [variables.get(word) for word in set(_WORD.findall(template)) if word in variables]
    return all(_is_pure_value(value, variables, depth + 1) for value in named)


def _is_pure_value(value: Any, variables: Mapping[str, Any], depth: int) -> bool:
    if isinstance(value, str):
        return not has_template(value) or is_pure(value, variables, depth)
    if isinstance(value, Mapping):
        return depth <= _DEEPEST and all(_is_pure_value(part, variables, depth + 1) for part in value.values())
    if isinstance(value, (list, tuple)):
        return depth <= _DEEPEST and all(_is_pure_value(part, variables, depth + 1) for part in value)
    return True
