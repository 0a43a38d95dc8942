"""The redactor: one per run, holds the secrets and turns raw data into data that may be recorded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.model import ChangeEvent, SealedEvent, Value, ValueKind
from change_events.redact.assignments import assignment_spans
from change_events.redact.commands import render_command
from change_events.redact.control_chars import clean, clean_name, is_name
from change_events.redact.fingerprint import fingerprint
from change_events.redact.harmless_values import is_fact, is_fact_at, is_open
from change_events.redact.json_values import hide_in, secrets_in
from change_events.redact.names import NameRules, Sensitivity
from change_events.redact.patterns import Patterns
from change_events.redact.policy import RedactPolicy
from change_events.redact.registry import Registry
from change_events.redact.sealing import reseal_event, seal_event
from change_events.redact.shell_text import command_spans
from change_events.redact.spans import MARK, Span, covered, hide
from change_events.redact.tokens import token_spans
from change_events.redact.urls import url_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PASSES = 8  # what is hidden can lay bare another secret beside it; in practice one pass changes, the next agrees
_CACHED = 20_000  # texts
_LONGEST_CACHED = 400  # characters
_ABSENT = Value(kind=ValueKind.ABSENT)
_HIDDEN = Value(kind=ValueKind.HIDDEN)


class Redactor:
    """Remembers secrets, and removes them from texts, values, command lines and events.

    Texts must be redacted before they are cut: half a secret is not recognised.

    Args:
        policy: the redaction settings.
        key: the installation's key for fingerprints; by default a random key, valid for one run.

    Raises:
        SettingsError: one of the policy's patterns is not a regular expression.
    """

    def __init__(self, policy: RedactPolicy = RedactPolicy(), key: bytes | None = None) -> None:  # noqa: B008 - frozen
        self._policy = policy
        self._key = key or os.urandom(32)
        self._names = NameRules(policy.names)
        self._patterns = Patterns(policy.patterns)
        self._registry = Registry()
        self._texts: dict[str, str] = {}

    def copy(self) -> Redactor:
        """Return a redactor with the same rules, key and secrets, for use in another thread."""
        made = Redactor(self._policy, self._key)
        made._registry = self._registry.copy()
        return made

    @property
    def troubles(self) -> tuple[str, ...]:
        """What was hidden for another reason than that it is a secret, a sentence each: for the user."""
        return self._patterns.troubles

    def remember(self, value: object) -> None:
        """Scrub every scalar inside, except flags and nulls, from everything redacted from now on."""
        if isinstance(value, str):
            if self._registry.add(value):
                self._texts.clear()
                self._remember_inside(value)
        elif isinstance(value, dict):
            for part in value.values():
                self.remember(part)
        elif isinstance(value, (list, tuple, set, frozenset)):
            for part in value:
                self.remember(part)
        elif isinstance(value, (bytes, bytearray)):
            self.remember(value.decode("utf-8", "replace"))
        elif value is not None and not isinstance(value, bool):
            self.remember(_lexeme(value))

    def harvest(self, value: object) -> None:
        """Remember values under sensitive names, at any depth, including JSON in strings."""
        try:
            for secret in secrets_in(value, self._names.hides):
                self.remember(secret)
        except RecursionError:  # deeper than any real document
            return

    def text(self, text: str) -> str:
        """Return free text without remembered values, tokens, URL credentials, assigned secrets and control characters.

        Doing it twice changes nothing. Line feeds and tabs stay; lines are not joined or split.
        """
        known = self._texts.get(text)
        if known is not None:
            return known
        cleaned = clean(text)
        redacted = self._until_stable(cleaned)
        if "\x1b" in text and redacted == cleaned and is_name(text):  # no secret is interrupted by the sequence
            redacted = self._until_stable(clean_name(text))
        if len(text) <= _LONGEST_CACHED:
            if len(self._texts) >= _CACHED:
                self._texts.clear()
            self._texts[text] = self._texts[redacted] = redacted
        return redacted

    def value(self, path: Sequence[str | int], value: object, *, sensitive: bool = False) -> Value:
        """Return what may be shown of one attribute side.

        Args:
            path: the attribute's steps; a sensitive name at any step hides the value, unless it is a fact (a flag, a
                setting's word, a reference, the name of a secret).
            value: plain Python of a JSON value, numbers exact.
            sensitive: the provider marks it: nothing of it is shown, whatever the policy says.
        """
        try:
            return self._value(path, value, sensitive)
        except RecursionError:  # nested deeper than Python's stack: not looked into, so not shown
            return _HIDDEN

    def is_sensitive_name(self, name: str) -> bool:
        """Return whether the value under this name is a secret."""
        return self._names.is_sensitive(name)

    @property
    def hides_brackets(self) -> bool:
        """Whether a number in brackets may be hidden: a secret holds a bracket, or the user has own patterns."""
        return bool(self._policy.patterns) or self._registry.has_brackets

    def fingerprint(self, value: object) -> str:
        """Return 12 hex digits that are equal for equal values within one installation."""
        return fingerprint(self._key, value)

    def command_line(self, argv: Sequence[str]) -> str:
        """Return the command as one would type it, without the values of variables, secrets and URL credentials."""
        return render_command(argv, self._names.hides, self.text)

    def seal(self, event: ChangeEvent) -> SealedEvent:
        """Make the last pass over the serialised event; only its result can be recorded or sent."""
        return seal_event(event, self.text, self.data)

    def reseal(self, event: ChangeEvent, original: SealedEvent) -> SealedEvent:
        """Seal an event derived from a sealed one for one destination: only new texts are redacted."""
        return reseal_event(event, original, self.text, self.data)

    def data(self, data: Any) -> Any:
        """Return JSON-like data with a mark for values of sensitive names, and every text redacted."""
        return hide_in(data, self._names.hides, self.text)

    def _remember_inside(self, secret: str) -> None:
        """Remember the parts of a secret that are secrets by themselves: JSON leaves, the password of a URL."""
        if secret[:1] in ("{", "["):
            try:
                self.remember(msgspec.json.decode(secret))
            except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
                return
        elif "://" in secret:
            for start, end in url_spans(secret):
                self._registry.add(secret[start:end])

    def _until_stable(self, text: str) -> str:
        for _ in range(_PASSES):
            redacted = hide(text, self._spans(text))
            if redacted == text:
                break
            text = redacted
        return text

    def _spans(self, text: str) -> Iterator[Span]:
        text = covered(text)
        yield from self._registry.spans(text)
        yield from token_spans(text)
        yield from url_spans(text)
        yield from assignment_spans(text, self._names)
        yield from command_spans(text)
        yield from self._patterns.spans(text)

    def _value(self, path: Sequence[str | int], value: object, sensitive: bool) -> Value:
        if value is None:
            return _ABSENT
        if isinstance(value, (bytes, bytearray)):
            value = value.decode("utf-8", "replace")
        secret = sensitive or self._hides(path, value)
        if secret:
            self.remember(value)
        else:
            self.harvest(value)
        if self._policy.values != "safe":
            return _HIDDEN
        return self._sensitive(value) if secret else self._shown(value)

    def _hides(self, path: Sequence[str | int], value: object) -> bool:
        """Return whether a value is hidden by its own name, or by one that it stands below."""
        if is_open(value):
            return False
        steps = [step for step in path if isinstance(step, str)]
        if not steps:
            return False
        if self._names.hides(steps[-1], value):
            return True
        above = max((self._names.sensitivity(step) for step in steps[:-1]), default=Sensitivity.HARMLESS)
        if above < Sensitivity.SECRET or self._names.sensitivity(steps[-1]) == Sensitivity.AMBIGUOUS:
            return above == Sensitivity.CHOSEN
        shown = is_fact_at(steps[-1], value) or is_fact(value, plain=True)
        return above == Sensitivity.CHOSEN or not shown

    def _sensitive(self, value: object) -> Value:
        return Value(kind=ValueKind.SENSITIVE, fingerprint=self.fingerprint(value))

    def _shown(self, value: object) -> Value:
        if isinstance(value, bool):
            return Value(kind=ValueKind.VALUE, text="true" if value else "false")
        if isinstance(value, str):
            return self._shown_text(value)
        if isinstance(value, (dict, list, tuple)):
            text = msgspec.json.encode(self.data(value), enc_hook=str).decode()
            return self._sized(value, text, len(text.encode()))
        lexeme = _lexeme(value)
        if self.text(lexeme) != lexeme:
            return self._sensitive(value)
        return self._sized(value, lexeme, len(lexeme.encode()))

    def _shown_text(self, value: str) -> Value:
        size = len(value.encode("utf-8", "surrogatepass"))
        if size > self._policy.max_value or "\n" in value.strip():
            return self._large(value, size)
        shown = self.data(value)
        if shown == MARK:
            return self._sensitive(value)
        return Value(kind=ValueKind.VALUE, text=msgspec.json.encode(shown).decode())

    def _sized(self, value: object, text: str, size: int) -> Value:
        if size > self._policy.max_value:
            return self._large(value, size)
        return Value(kind=ValueKind.VALUE, text=text)

    def _large(self, value: object, size: int) -> Value:
        return Value(kind=ValueKind.LARGE, size=size, fingerprint=self.fingerprint(value))


def _lexeme(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # an int of more digits than Python writes in decimal
        return f"{value:#x}"
