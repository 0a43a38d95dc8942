"""A Jinja sandbox that ends what would take too much time or memory.

Loops within loops over thousands of changes, and text multiplied a billion times: Jinja's sandbox bounds ``range`` and
hides what is private; lines are limited here. What is lost in a single call, such as a filter, is ended by
the process around it (:mod:`change_events.process.bounded`).
"""

from __future__ import annotations

import resource
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, meta, nodes  # noqa: F401 - meta is for the fork that checks a template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from change_events.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from jinja2 import Template

MOST_STEPS = 1_000_000  # lines of a compiled template: some 50,000 attributes printed one by one
MOST_LENGTH = 1_000_000  # of a sequence that `*` makes, and of a number written in a template (it may be a width)
MOST_POWER = 1_000
_MOST_MEMORY = 256 * 1024 * (1024 if sys.platform == "darwin" else 1)  # ru_maxrss: kB, and bytes on macOS
_FILE = "<template>"


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment whose expressions cannot make a value that is out of all proportion."""

    intercepted_binops = frozenset(["*", "**"])

    def __init__(self) -> None:
        # autoescape is for HTML; this is Markdown
        super().__init__(undefined=StrictUndefined, autoescape=False)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """``left operator right``. Raises TemplateError where the result would be too large."""
        large = _power(left, right) if operator == "**" else _product(left, right)
        if large:
            raise TemplateError(f"the result of {operator} is too large")
        return super().call_binop(context, operator, left, right)

    def checked(self, source: str) -> Template:
        """The template of ``source``. Raises TemplateError, and what Jinja says of bad syntax."""
        for number in self.parse(source).find_all(nodes.Const):
            if isinstance(number.value, (int, float)) and abs(number.value) > MOST_LENGTH:
                raise TemplateError(f"a number above {MOST_LENGTH} is too large")
        return self.from_string(source)


def _power(left: Any, right: Any) -> bool:
    return any(isinstance(side, (int, float)) and abs(side) > MOST_POWER for side in (left, right))


def _product(left: Any, right: Any) -> bool:
    """Whether a sequence is to be repeated too often, or two numbers make one of too many digits."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return abs(left) > MOST_LENGTH**2 or abs(right) > MOST_LENGTH**2
    text, times = (right, left) if isinstance(left, int) else (left, right)
    return isinstance(times, int) and hasattr(text, "__len__") and len(text) * times > MOST_LENGTH


@contextmanager
def bounded() -> Iterator[None]:
    """In this thread, as long as it lasts: at most :data:`MOST_STEPS` lines of templates, and 256 MB more memory.

    Raises TemplateError in the template that goes beyond.
    """
    steps = 0
    most = _memory() + _MOST_MEMORY

    def count(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps > MOST_STEPS:
            raise TemplateError("it takes too many steps: loop over less")
        if _memory() > most:
            raise TemplateError("it takes too much memory: make less text")
        return count

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return count(frame, event, argument) if frame.f_code.co_filename == _FILE else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(before)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
