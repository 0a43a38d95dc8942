"""A message of mail (RFC 5322) with a part of text and one of HTML, and the request that hands it to a server.

It is ASCII throughout: lines of at most 76 characters, headers as encoded words (RFC 2047) where they have to be, so
that any server takes it as it is.
"""

from __future__ import annotations

import binascii
from email.utils import formataddr, getaddresses
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple

from change_events.destinations.base import OptionError, Request
from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

SEND, GREET = "SEND", "EHLO"  # hand over the message, or only greet the server
Security = Literal["starttls", "tls", "none"]

# RFC 5321 §4.1.2 without quoted local parts, which no one uses and programs read differently
_ADDRESS = lazy_pattern(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_CODED = "=?"  # how an encoded word begins


class MailRequest(Request, frozen=True):
    """A message to hand over. ``url`` names the server, ``body`` is the message, ``method`` one of SEND and GREET.

    Attributes:
        sender: the address of the envelope, where refusals of later servers go; ``recipients`` likewise.
        security: TLS from the beginning, TLS by STARTTLS and nothing without it, or none.
        username: empty for no login.
        message_id: the message's, which a later one can refer to.
    """

    server: str = ""
    port: int = 0
    security: Security = "starttls"
    username: str = ""
    password: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    message_id: str = ""


class Address(NamedTuple):
    """An address, and the name that is shown with it."""

    name: str
    address: str

    def __str__(self) -> str:
        return formataddr((self.name, self.address))

    @property
    def domain(self) -> str:
        """What follows the ``@``."""
        return self.address.rpartition("@")[2]


def addresses(given: object, option: str) -> list[Address]:
    """The addresses of a text (with commas between them) or of a list of texts.

    Raises:
        OptionError: there is none, or one that is none.
    """
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise OptionError(f"{option}: expected addresses, name@example.com")
    found = [_address(name, address, option) for name, address in getaddresses(texts)]
    if not found:
        raise OptionError(f"{option}: missing")
    return list({one.address: one for one in found}.values())


def _address(name: str, address: str, option: str) -> Address:
    local, at, domain = address.rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode() if not domain.isascii() else domain}"
    except UnicodeError:
        plain = ""
    if not _ADDRESS.fullmatch(plain):
        raise OptionError(f"{option}: expected addresses, name@example.com")
    return Address(name, plain)


def message(headers: Sequence[tuple[str, str]], text: str, html: str) -> bytes:
    """The message: ``headers`` in their order, then both forms of its content.

    Args:
        headers: names and values of one line; what is no ASCII in a value is encoded.
        text: of printable characters and line feeds, as ``html`` is.
        html: a whole page.
    """
    boundary = f"=_{sha256((text + html).encode()).hexdigest()[:32]}"  # `=_` stands in no quoted-printable text
    kind = ("Content-Type", f'multipart/alternative; boundary="{boundary}"')
    lines = [_header(name, value) for name, value in (*headers, ("MIME-Version", "1.0"), kind)]
    parts = [_part("plain", text), _part("html", html)]
    body = b"".join(b"\r\n--" + boundary.encode() + b"\r\n" + part for part in parts)
    return "\r\n".join(lines).encode("ascii") + b"\r\n" + body + b"\r\n--" + boundary.encode() + b"--\r\n"


def _part(kind: str, text: str) -> bytes:
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    quoted = binascii.b2a_qp(text.encode(), istext=True).replace(b"\r", b"").replace(b"\n", b"\r\n")
    return head.encode() + quoted


def _header(name: str, value: str) -> str:
    from email.header import Header

    if not value.isprintable():
        raise ValueError(f"{name} has a line break")
    looks_coded = name == "Subject" and _CODED in value  # a reader would decode it; names of addresses are encoded
    if value.isascii() and not looks_coded:
        return f"{name}: {_folded(name, value)}"
    return f"{name}: {Header(value, 'utf-8', maxlinelen=76, header_name=name).encode(linesep=chr(13) + chr(10))}"


def _folded(name: str, value: str) -> str:
    """``value`` over several lines of 76 characters where it has blanks to break it at."""
    lines, room = [""], 76 - len(name) - 2
    for word in value.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
            room = 75
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def login_secrets(username: str, password: str) -> tuple[str, ...]:
    """A password in each form that a login sends it in."""
    if not password:
        return ()
    return (password, base64_of(password), plain_login(username, password))


def plain_login(username: str, password: str) -> str:
    """The credentials of AUTH PLAIN (RFC 4616)."""
    return base64_of(f"\0{username}\0{password}")


def base64_of(text: str) -> str:
    """``text`` as AUTH sends it."""
    return binascii.b2a_base64(text.encode(), newline=False).decode()
