"""Records events of programs that observe a run themselves, for ``tfevent events record``.

The Ansible callback starts it with every playbook and waits for its first answer, so it runs without click, which would
be a fifth of its imports: see :func:`change_events.cli.main`.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from change_events.cli.render.terminal import note
from change_events.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from change_events.recording.document_run import Document, DocumentRun

_CHUNK = 1 << 16
_LOOK_SECONDS = 0.25  # between two looks at who writes
STATES = ("started", "running", "finished")


def record(directory: Path) -> int:
    """Record the events on standard input and print the result of each; see ``tfevent events record --help``.

    Args:
        directory: where settings are looked for, unless the input names another.

    Returns:
        The exit code.

    Raises:
        InputError: the input is empty, or not a document.
    """
    from change_events.recording.document_run import DocumentRun

    def begun(first: Document) -> DocumentRun:
        os.environ.update({str(name): str(value) for name, value in (first.get("environ") or {}).items()})
        return DocumentRun("program", first.get("directory") or directory, os.environ, _note, explain=True)

    answered, lost = 0, False
    lines = Lines(sys.stdin.fileno())
    for answer in _answers(begun, documents(lines), lines):
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()  # the writer goes on when it is on disk
        answered, lost = answered + 1, lost or answer.get("lost", False)
    if not answered:
        raise InputError('standard input is empty: expected a document such as {"api": 1, "event": {…}}')
    return 1 if lost else 0


def _note(text: str) -> None:
    with suppress(OSError):  # a full disk under it costs no event
        note(text)


def _answers(
    begin: Callable[[Document], DocumentRun], received: Iterable[Document], lines: Lines
) -> Iterator[Document]:
    run = None
    try:
        for document in received:
            run = run or begin(document)
            lines.written_by(document.get("writer_pid"))
            yield from _answer(run, document)
            if _is_last(document):
                return
    except InputError:
        if run and (last := run.interrupt()):
            yield last
        raise
    if run and (last := run.interrupt()):
        yield last


def _answer(run: DocumentRun, document: Document) -> Iterator[Document]:
    state = document.get("state", "finished")
    if state not in STATES:
        raise InputError(f"state: expected one of {', '.join(STATES)}")
    if document.get("preview"):
        yield run.preview(document)
    elif state == "running":
        with suppress(InputError):  # the next one, or the last, may be better
            run.checkpoint(document)
    elif state == "started" and not _is_explicit(document):
        yield run.start(document)
    else:
        yield run.settle(document)


def _is_last(document: Document) -> bool:
    """Return whether nothing follows: a run has ended, or one step of an explicit event was reported."""
    if document.get("preview"):
        return False
    return document.get("state", "finished") == "finished" or _is_explicit(document)


def _is_explicit(document: Document) -> bool:
    """Return whether the event is sent explicitly: a change it starts does not end with this input."""
    event = document.get("event")
    return isinstance(event, dict) and event.get("explicit") is True


class Lines:
    """Lines of a file, until its end or the end of the process that writes them.

    A pipe ends when no process has it open for writing: the writer may be killed, and leave it to an unrelated child
    process.

    Args:
        descriptor: descriptor of the file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._writer = 0

    def written_by(self, process: object) -> None:
        """Set the ID of the writing process, which is used if it is this process's parent."""
        if process == os.getppid():
            self._writer = os.getppid()

    def __iter__(self) -> Iterator[bytes]:
        rest = bytearray()
        while data := self._read():
            rest += data
            if b"\n" in data:
                *lines, last = bytes(rest).split(b"\n")
                rest = bytearray(last)
                yield from (line + b"\n" for line in lines)
        if rest:
            yield bytes(rest)

    def _read(self) -> bytes:
        """Return the next bytes; empty at the end."""
        while self._writer:
            is_gone = os.getppid() != self._writer  # looked at first: what it wrote before is still read
            if select.select([self._descriptor], [], [], 0 if is_gone else _LOOK_SECONDS)[0]:
                break
            if is_gone:
                return b""
        return os.read(self._descriptor, _CHUNK)


def documents(lines: Iterable[bytes]) -> Iterator[Document]:
    """Yield the JSON objects of a stream: one per line, or a single one over several lines.

    Raises InputError without text.
    """
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), b"")
    if not first:
        return
    try:
        yield _object(first)
    except msgspec.DecodeError:
        yield _whole(first + b"".join(rest))
        return
    for line in rest:
        if line.strip():
            yield _whole(line)


def _whole(data: bytes) -> Document:
    try:
        return _object(data)
    except msgspec.DecodeError as error:
        raise InputError("standard input is not valid JSON: expected one object, or one per line") from error


def _object(data: bytes) -> Document:
    found: Any = msgspec.json.decode(data)
    if not isinstance(found, dict):
        raise InputError("standard input: expected a JSON object")
    return found
