"""A server that speaks as much of PostgreSQL's protocol (version 3) as recording an event takes.

What is recorded is posted to the fake backend on the port that the database's name is; its answer becomes the result.
Its header ``x-state`` is the SQLSTATE of the error; else what may pass is 53300 and a refusal 22023.
"""

from __future__ import annotations

import http.client
import re
import socketserver
import struct
import threading
from functools import cache

from tests.destinations.kit.backend import SECRET

_SSL, _GSS = 80877103, 80877104
_PARAMETERS = {
    "server_version": "15.0", "server_encoding": "UTF8", "client_encoding": "UTF8", "standard_conforming_strings": "on",
    "integer_datetimes": "on", "TimeZone": "UTC", "DateStyle": "ISO, MDY",
}  # fmt: skip
_ANSWERS = (
    ("to_regclass", ((16, "t"),)),
    ("has_function_privilege", ((16, "t"),)),
    ("pg_has_role", ((16, "t"),)),
    ("oldest_writer", ((23, "1"), (23, "1"))),
    ("clock_timestamp", ((1184, "2026-11-30 12:00:00+00"),)),
)


@cache
def front():
    """One for all tests of a process; its port."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def _message(kind, content=b""):
    return kind + struct.pack("!i", len(content) + 4) + content


def _error(state, text, severity=b"ERROR"):
    fields = ((b"S", severity), (b"V", severity), (b"C", state.encode()), (b"M", text.encode()))
    return _message(b"E", b"".join(name + said + b"\0" for name, said in fields) + b"\0")


def _row(columns):
    described = b"".join(b"c\0" + struct.pack("!ihihih", 0, 0, oid, -1, -1, 0) for oid, _ in columns)
    values = b"".join(struct.pack("!i", len(text)) + text.encode() for _, text in columns)
    count = struct.pack("!h", len(columns))
    return _message(b"T", count + described) + _message(b"D", count + values) + _message(b"C", b"SELECT 1\0")


class _Session(socketserver.BaseRequestHandler):
    def handle(self):
        self._file = self.request.makefile("rb")
        self._in_transaction = b"I"
        try:
            if self._begun():
                while message := self._read():
                    self._answer(*message)
        except (OSError, struct.error):
            return

    def _read(self):
        kind = self._file.read(1)
        if not kind or kind == b"X":
            return None
        return kind, self._file.read(struct.unpack("!i", self._file.read(4))[0] - 4)

    def _begun(self):
        while True:
            size, code = struct.unpack("!ii", self._file.read(8))
            rest = self._file.read(size - 8)
            if code not in {_SSL, _GSS}:
                break
            self.request.sendall(b"N")
        words = rest.rstrip(b"\0").split(b"\0")
        self._port = int(dict(zip(words[::2], words[1::2], strict=True))[b"database"])
        self.request.sendall(_message(b"R", struct.pack("!i", 3)))
        _, password = self._read()
        if password != SECRET.encode() + b"\0":
            self.request.sendall(_error("28P01", "password authentication failed", b"FATAL"))
            return False
        said = b"".join(_message(b"S", f"{name}\0{value}\0".encode()) for name, value in _PARAMETERS.items())
        self.request.sendall(_message(b"R", struct.pack("!i", 0)) + said + _message(b"K", bytes(8)) + self._ready())
        return True

    def _ready(self):
        return _message(b"Z", self._in_transaction)

    def _answer(self, kind, content):
        if kind == b"Q":
            self.request.sendall(self._simple(content.decode().rstrip("\0")) + self._ready())
        elif kind == b"P":
            self._statement = content.split(b"\0")[1].decode()
        elif kind == b"B":
            self._result = self._executed(_parameters(content))
        elif kind == b"S":
            self.request.sendall(self._result + self._ready())

    def _simple(self, text):
        for words, columns in _ANSWERS:
            if words in text:
                return _row(columns)
        verb = text.split()[0]
        self._in_transaction = {"BEGIN": b"T", "COMMIT": b"I", "ROLLBACK": b"I"}.get(verb, self._in_transaction)
        return _message(b"C", verb.encode() + b"\0")

    def _executed(self, parameters):
        if "tfevent.record_events($1" in self._statement:
            return self._recorded(parameters)
        return _message(b"1") + _message(b"2") + self._simple(self._statement)

    def _recorded(self, parameters):
        team, entries, bodies = parameters
        body = _first_bytes(bodies)
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        headers = {"content-type": "application/json", "x-team": team, "x-entry-bytes": str(len(entries))}
        try:
            connection.request("POST", "/", body, headers)
            given = connection.getresponse()
            text = given.read().decode(errors="replace")[:4000].replace("\0", "")
        except (OSError, http.client.HTTPException):
            return _error("57P01", "terminating connection")
        finally:
            connection.close()
        if given.status < 300:
            return _message(b"1") + _message(b"2") + _row(((20, "1"),))
        self._in_transaction = b"E"
        usual = "53300" if given.status == 429 or given.status >= 500 else "22023"
        return _error(given.headers.get("x-state") or usual, text or "refused")


def _parameters(content):
    """The values of a Bind message, as they are."""
    _, _, rest = content.split(b"\0", 2)
    (formats,) = struct.unpack_from("!h", rest)
    place = 2 + 2 * formats
    (count,) = struct.unpack_from("!h", rest, place)
    place, found = place + 2, []
    for _ in range(count):
        (size,) = struct.unpack_from("!i", rest, place)
        found.append(rest[place + 4 : place + 4 + size])
        place += 4 + size
    return found


def _first_bytes(array):
    if array.startswith(b"{"):
        return bytes.fromhex(re.search(rb"\\x([0-9a-f]*)", array)[1].decode())
    return array[24:]
