"""``tfevent events doctor --setup NAME``: prepare a backend once, after showing the requests."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from change_events.cli.render.terminal import clean_lines, note, print_lines
from change_events.errors import TfeventError

if TYPE_CHECKING:
    from change_events.destinations.base import DestinationSettings, Request
    from change_events.redact import Redactor

_SECONDS = 10.0


def prepare(settings: DestinationSettings, redactor: Redactor, *, confirmed: bool) -> int:
    """Show the requests, ask for confirmation, send them. Returns the exit code: 0 if all were accepted.

    Raises:
        TfeventError: there is nothing to prepare, or the settings cannot be used.
    """
    from change_events.destinations.shared.preview import preview

    requests = _requests(settings)
    for number, request in enumerate(requests, 1):
        print_lines([f"{number} of {len(requests)}, for {settings.name}:", *clean_lines(preview(request)), ""])
    if not (confirmed or _agreed()):
        note("nothing was sent: confirm with --yes")
        return 1
    return _send(settings, requests, redactor)


def _requests(settings: DestinationSettings) -> tuple[Request, ...]:
    from change_events.destinations import get
    from change_events.destinations.base import OptionError

    backend = get(settings.kind)
    try:
        requests = backend.setup(settings.options) if backend.setup else ()
    except OptionError as error:
        raise TfeventError(f"{settings.name}: its settings cannot be used ({error})") from error
    if not requests:
        raise TfeventError(f"{settings.name}: {backend.title} needs no preparation")
    return requests


def _agreed() -> bool:
    """Return whether the user at the terminal confirms."""
    return sys.stdin.isatty() and click.confirm("Send it?", err=True)


def _send(settings: DestinationSettings, requests: tuple[Request, ...], redactor: Redactor) -> int:
    """Send the requests in order, until one is refused."""
    from change_events.delivery.quoting import Quoting
    from change_events.delivery.sender import Effort, exchange
    from change_events.delivery.transport import TransportError, open_transport
    from change_events.destinations import get
    from change_events.destinations.base import Result

    quoting = Quoting(redactor)
    try:
        with open_transport(settings) as transport:
            for number, request in enumerate(requests, 1):
                effort = Effort(time.monotonic() + _SECONDS, quoting=quoting)
                verdict = exchange(get(settings.kind), transport, request, effort)
                if verdict.result is not Result.DELIVERED:
                    note(f"{settings.name}: {number} of {len(requests)} was not accepted: {verdict.reason}")
                    return 1
    except TransportError as error:
        raise TfeventError(f"{settings.name}: {error}") from error
    print_lines([f"{settings.name} is prepared"])
    return 0
