"""The protocol of a collector apart from queries and answers: paths, headers, and error codes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

PATH = "/v1/queries/"
"""Before the name of a question."""

VERSION_HEADER = "tfevent-version"
"""Each answer of a collector has it: the version of its tfevent."""

TEAM_HEADER = "tfevent-team"
"""The team that a client expects its token to be for; that of the token is asked, whatever a client sends."""

JSON, LINES, PROBLEM = "application/json", "application/x-ndjson", "application/problem+json"


class Code(StrEnum):
    """What went wrong. A client takes one that it does not know for ``UNAVAILABLE``."""

    TOKEN = "token"  # noqa: S105  # no password
    NOT_ALLOWED = "not_allowed"
    OTHER_TEAM = "other_team"
    UNKNOWN_QUESTION = "unknown_question"
    UNKNOWN_ARGUMENT = "unknown_argument"
    REFUSED = "refused"  # a question that no source answers: ValueError
    TOO_MUCH = "too_much"
    AMBIGUOUS_ID = "ambiguous_id"
    NOT_KNOWN = "not_known"  # nothing of that name is recorded: TfeventError
    NOT_IN_LEDGER = "not_in_ledger"
    BUSY = "busy"
    TOO_OFTEN = "too_often"  # with this token
    TOO_SLOW = "too_slow"
    UNAVAILABLE = "unavailable"


STATUS = {
    Code.TOKEN: 401,
    Code.NOT_ALLOWED: 403,
    Code.OTHER_TEAM: 403,
    Code.UNKNOWN_QUESTION: 404,
    Code.UNKNOWN_ARGUMENT: 400,
    Code.REFUSED: 422,
    Code.TOO_MUCH: 413,
    Code.AMBIGUOUS_ID: 409,
    Code.NOT_KNOWN: 404,
    Code.NOT_IN_LEDGER: 422,
    Code.BUSY: 503,
    Code.TOO_OFTEN: 429,
    Code.TOO_SLOW: 504,
    Code.UNAVAILABLE: 503,
}


class Problem(msgspec.Struct, frozen=True):
    """What is answered instead (RFC 9457). ``code`` says what it is to a program, ``detail`` to people."""

    status: int
    detail: str
    code: str = ""
    title: str = ""
    type: str = "about:blank"
