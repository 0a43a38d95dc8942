"""A fake backend: what a destination's documentation says of its server, behind a real HTTP server on loopback.

To add one, write ``tests/destinations/backends/<kind>.py`` with a :class:`Backend` named ``BACKEND``. Its figures are
taken from the backend's documentation, never from the destination's own ``LIMITS``: two readings must agree.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from change_events.redact import unseal
from tests.destinations.kit.events import event
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from change_events.destinations.base import Result
    from change_events.model import ChangeEvent, SealedEvent
    from tests.support.receiver import Received

# Invented, and hard to write right in URLs, headers and JSON at once; printable ASCII, since headers carry it.
SECRET = "s3cr3t-0123456789" + "abcdef"


class Answer(NamedTuple):
    """What the backend answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def answer(status: int, content: Any = None, **headers: str) -> Answer:
    """An answer in JSON; a text is sent as text/plain, nothing as nothing."""
    kind = {} if content is None else {"content-type": "application/json"}
    if isinstance(content, str):
        kind = {"content-type": "text/plain"}
    body = b"" if content is None else content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return Answer(status, body, kind | {name.replace("_", "-"): text for name, text in headers.items()})


class Documented(NamedTuple):
    """One answer that the backend documents, and what it must be taken for.

    ``says`` occurs in the reason; ``after`` is the wait asked for; ``variant`` is the one that is answered so; ``of``
    is the purpose of the request that is, where it is not the event's own.
    """

    name: str
    answer: Answer
    result: Result
    says: str = ""
    after: float | None = None
    variant: str = ""
    of: str = ""


class Refused(Exception):  # noqa: N818 - an answer, not an error of the program
    """The backend does not take this request."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def need(condition: object, why: str, status: int = 400) -> None:
    """Refuse the request with ``status`` unless ``condition`` holds."""
    if not condition:
        raise Refused(status, why)


def json_of(received: Received, kind: str = "application/json") -> Any:
    """The body as strict JSON: no NaN, no lone surrogates, one document of the type that the headers say."""
    said = received.headers.get("content-type", "").partition(";")[0]
    need(said == kind, f"content-type is {said}", 415)
    try:
        return json.loads(received.body.decode(), parse_constant=lambda word: need(condition=False, why=word))
    except ValueError as error:
        raise Refused(400, f"no JSON: {error}") from None


@dataclass(frozen=True)
class Backend:
    """A backend as its documentation has it.

    Attributes:
        options: the options of a destination that sends here, from the server's base URL; secrets hold ``SECRET``.
        accept: takes a request and answers it, or raises :class:`Refused`.
        answers: every documented answer.
        variants: more options to run all events with, by a name for each, or a function that makes them of the
            server's base URL; "" is the plain one. None takes an option away.
        unnamed: variants in which the answer does not name what was made, so that nothing can be brought up to date.
        any_success: variants of which any 2xx is documented as a success, whatever it says but a page to sign in at;
            "" is the plain one.
        refusal: the body of a refusal, from why it is one, in the shape the backend uses.
        samples: the event that tests of single answers send, by variant, where it is not ``tiny``.
        skipped: standard events of which nothing is sent, by variant.
        several: how many requests one event takes, by variant, where it is more than one.
        fixed: variants whose requests cannot be made smaller.
        payloads: events whose payloads are kept beside those of every backend, because something here depends on them.
        suit: makes an event one that can be reported there, of those that name no issue, say; adds to it only.
        steady: a shown request without what differs from run to run, for the golden files.
    """

    options: Callable[[str], dict[str, Any]]
    accept: Callable[[Received], Answer]
    answers: tuple[Documented, ...]
    variants: dict[str, dict[str, Any] | Callable[[str], dict[str, Any]]] = field(default_factory=lambda: {"": {}})
    unnamed: tuple[str, ...] = ()
    any_success: tuple[str, ...] = ()
    samples: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, set[str]] = field(default_factory=dict)
    several: dict[str, int] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ()
    refusal: Callable[[str], Any] = lambda why: {"message": why}
    suit: Callable[[ChangeEvent], ChangeEvent] = lambda event: event
    steady: Callable[[str], str] = lambda shown: shown

    def event(self, name: str) -> SealedEvent:
        """The standard event of this name, as one that can be reported there."""
        made = event(name)
        suited = self.suit(made.event)
        return made if suited is made.event else unseal(msgspec.json.encode(suited))

    def skips(self, variant: str, name: str) -> bool:
        """Whether nothing is sent of this standard event."""
        return name in self.skipped.get(variant, ())

    def sample(self, variant: str) -> str:
        """The event that tests of single answers send."""
        return self.samples.get(variant, "tiny")

    @contextmanager
    def serve(self, say: Callable[[Any, Answer], None] | None = None) -> Iterator[Receiver]:
        """A server on loopback that answers as this backend; ``say`` writes its answers in another way."""
        with Receiver(always=lambda handler: (say or _plainly)(handler, self.answer_to(handler))) as receiver:
            yield receiver

    def answer_to(self, handler) -> Answer:
        """What this backend answers to what the handler has received."""
        try:
            return self.accept(handler.received)
        except Refused as refused:
            return answer(refused.status, self.refusal(refused.why))
        except Exception as error:  # noqa: BLE001 - a part that `accept` reads is not there, or a library refuses it
            return answer(400, self.refusal(f"{type(error).__name__}: {error}"))


def _plainly(handler, given: Answer) -> None:
    handler.answer(given.status, given.body, {**given.headers, "connection": "close"})


def backend(kind: str) -> Backend:
    """The fake backend of a kind of destination."""
    return import_module(f"tests.destinations.backends.{kind}").BACKEND
