"""The two figures of redaction: the share of planted secrets that are hidden, and of harmless values that are.

``python -m tests.redact.figures`` prints both, and what is wrong; ``test_detection_rates`` holds them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.model import ValueKind
from change_events.redact import Redactor
from change_events.redact.spans import ADDRESS_MARK, MARK
from tests.redact import encoded, harmless, planted

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).resolve().parents[3] / "shared/corpus/plans"
# attributes of the corpus that do hold secrets, by the last names of their paths
_TRUE_SECRETS = {"password", "admin_password", "DB_PASSWORD", "secret", "access_key", "secret_key", "connectionStrings"}


PROMISED = 0.02  # percent of harmless values of real plans that may be hidden


class Figure(NamedTuple):
    """Attributes: what was counted of how many, and a line about each that should not be so."""

    counted: int
    of: int
    wrong: list[str]

    @property
    def percent(self) -> float:
        """The share, in percent."""
        return 100 * self.counted / self.of if self.of else 0.0


def secrets_hidden() -> Figure:
    """How many of the planted secrets are hidden."""
    outcomes = [*_texts(), *_tokens(), *_values(), *_spellings()]
    leaked = [line for is_hidden, line in outcomes if not is_hidden]
    return Figure(len(outcomes) - len(leaked), len(outcomes), leaked)


def harmless_hidden() -> Figure:
    """How many of the committed harmless samples are hidden or changed."""
    wrong = [f"{text!r} -> {shown!r}" for text in harmless.TEXTS if (shown := Redactor().text(text)) != text]
    wrong += [f"{path} {value!r}" for path, value in harmless.VALUES if _is_hidden(Redactor(), path, value)]
    return Figure(len(wrong), len(harmless.TEXTS) + len(harmless.VALUES), wrong)


def corpus_hidden() -> Figure:
    """How many harmless attributes of the corpus's plans are hidden; of none where the corpus is absent."""
    seen, wrong = 0, []
    for plan in sorted(CORPUS.rglob("*.json")) if CORPUS.is_dir() else ():
        redactor = Redactor()
        for path, value in _attributes(plan):
            if path[-1:] and (_last(path) in _TRUE_SECRETS or path[-3::2] == ("secret_variable", "value")):
                continue
            seen += 1
            if _is_hidden(redactor, path, value):
                wrong.append(f"{plan.name}: {path} {str(value)[:80]!r}")
    return Figure(len(wrong), seen, wrong)


def _texts() -> Iterator[tuple[bool, str]]:
    for text, secret in (*planted.commands(), *planted.texts()):
        yield secret not in Redactor().text(text), text


def _tokens() -> Iterator[tuple[bool, str]]:
    for name, token in planted.TOKENS.items():
        for frame in ("{}", "error: {} was refused", 'x = "{}"', "https://h/{}/x"):
            text = frame.format(token)
            yield token not in Redactor().text(text), f"{name}: {text}"
    for name, token in planted.SERVICES.items():
        for frame in ("{}={}", '{}: "{}"', "{}_api_key={}"):
            text = frame.format(name, token)
            yield token not in Redactor().text(text), text


def _values() -> Iterator[tuple[bool, str]]:
    for path, value, secret in planted.values():
        shown = Redactor().value(path, value)
        yield secret not in (shown.text or ""), f"{path} {value!r}"


def _spellings() -> Iterator[tuple[bool, str]]:
    for secret in encoded.SECRETS:
        redactor = Redactor()
        redactor.remember(secret)
        for name, spelling in encoded.spellings(secret).items():
            yield MARK in redactor.text(f"see {spelling} there"), f"{name}: {spelling}"


def _is_hidden(redactor: Redactor, path: tuple[str | int, ...], value: object) -> bool:
    shown = redactor.value(path, value)
    return shown.kind is ValueKind.SENSITIVE or any(mark in (shown.text or "") for mark in (MARK, ADDRESS_MARK))


def _last(path: tuple[str | int, ...]) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _attributes(plan: Path) -> Iterator[tuple[tuple[str | int, ...], object]]:
    try:
        document = json.loads(plan.read_text("utf-8-sig"))
    except (ValueError, UnicodeDecodeError):
        return
    for one in (document.get("resource_changes") or ()) if isinstance(document, dict) else ():
        change = one.get("change") or {}
        for side in ("before", "after"):
            yield from _leaves(change.get(side), change.get(f"{side}_sensitive") or False, ())


def _leaves(value: Any, mask: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    if mask is True or value is None:
        return
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, mask.get(key, False) if isinstance(mask, dict) else False, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            inner = mask[index] if isinstance(mask, list) and index < len(mask) else False
            yield from _leaves(part, inner, (*path, index))
    else:
        yield path, value


def main() -> int:
    """Print the figures; 1 where they are not what is promised."""
    secrets, samples, corpus = secrets_hidden(), harmless_hidden(), corpus_hidden()
    share = f"{corpus.counted} of {corpus.of}, {corpus.percent:.3f} %" if corpus.of else "no corpus here"
    lines = [
        f"planted secrets hidden: {secrets.counted} of {secrets.of}, {secrets.percent:.2f} % (promised: 100 %)",
        f"harmless samples hidden: {samples.counted} of {samples.of}, {samples.percent:.3f} % (promised: none)",
        f"harmless values of real plans hidden: {share} (promised: at most {PROMISED} %)",
        *(f"  {line}" for line in (*secrets.wrong, *samples.wrong, *corpus.wrong)),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if secrets.wrong or samples.wrong or corpus.percent > PROMISED else 0


if __name__ == "__main__":
    sys.exit(main())
