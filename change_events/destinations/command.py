"""A program of the user's own, started once for each event, which it reads on standard input as JSON.

Nothing is interpreted by a shell. The exit code decides, with the codes of sysexits.h: 0 is a success, 75
(``EX_TEMPFAIL``) asks to try again, every other one is a refusal. The document is the event's own
(``change_events/schema``) on one line with a line feed at its end, so that ``read`` of a shell takes it, too.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.destinations.base import Destination, Limits, Option, Response, Result, Verdict
from change_events.destinations.shared.program import CHECK, RUN, ProgramRequest, given_command, program_path
from change_events.destinations.shared.size_limit import fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.model import SealedEvent

LIMITS = Limits(body_bytes=1_000_000)
_TRY_AGAIN = 75
_STOPPED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGTERM}  # by another process

OPTIONS = (
    Option(
        name="command",
        type="command",
        required=True,
        environment="TFEVENT_COMMAND_COMMAND",
        help="Program and its arguments, as a list or as one text that is split like words of a shell; no shell is "
        "started. A name is searched for in PATH, a path is relative to the settings file, which is also the "
        "directory that it runs in.",
    ),
    Option(
        name="max_bytes",
        type="integer",
        default=LIMITS.body_bytes,
        help="Largest event that the program takes; larger events lose their least important parts.",
    ),
)


def origin(options: Mapping[str, Any]) -> str:
    """The program's path. Raises OptionError."""
    return program_path(given_command(options))


def check(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether there is a program to start, as far as the words say."""
    return () if given_command(options).words else ("command: expected a program and its arguments",)


def probe(options: Mapping[str, Any]) -> ProgramRequest:
    """What asks whether the program can be started. Raises OptionError."""
    return _request(options, CHECK, b"")


def render(sealed: SealedEvent, options: Mapping[str, Any], limit: int | None = None) -> ProgramRequest:
    """What is started for one event, its input within ``limit`` bytes (by default the option ``max_bytes``).

    Raises:
        OptionError: there is no such program, or too small a ``max_bytes``.
    """
    most = (limit or int(options.get("max_bytes") or LIMITS.body_bytes)) - 1
    fits = len(sealed.body) <= most
    body = sealed.body if fits else fitted(sealed.event, most, msgspec.json.encode, option="max_bytes")
    return _request(options, RUN, body + b"\n")


def _request(options: Mapping[str, Any], method: str, body: bytes) -> ProgramRequest:
    given = given_command(options)
    return ProgramRequest(
        method,
        program_path(given),
        {"Arguments": f"{len(given.arguments)} (hidden)"} if given.arguments else {},
        body,
        secrets=given.secrets,
        arguments=given.arguments,
        folder=given.folder,
    )


def judge(response: Response) -> Verdict:
    """What an exit code means; a negative one is the signal that ended the program."""
    code = response.status
    if code == 0:
        return Verdict(Result.DELIVERED)
    if code == _TRY_AGAIN:
        return Verdict(Result.RETRY, f"the program asks to try again (exit code {code})")
    if code > 0:
        return Verdict(Result.PARK, f"the program failed (exit code {code})")
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    if -code in _STOPPED:
        return Verdict(Result.RETRY, f"the program was stopped ({name})")
    return Verdict(Result.PARK, f"the program crashed ({name})")


DESTINATION = Destination(
    kind="command",
    title="A program of your own",
    documentation=("https://man.freebsd.org/cgi/man.cgi?query=sysexits&sektion=3",),
    options=OPTIONS,
    limits=LIMITS,
    render=render,
    judge=judge,
    origin=origin,
    check=check,
    transport="program",
    probe=probe,
)
