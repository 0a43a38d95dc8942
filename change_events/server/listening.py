"""Opens the socket and checks the certificate before anything else is loaded."""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

from change_events.errors import TfeventError


class PortInUseError(TfeventError):
    """Another process listens on the port."""


class Certificate(NamedTuple):
    """Files in PEM: the certificate with its chain, and its key."""

    chain: str
    key: str


def listen(address: str, port: int) -> socket.socket:
    """Return a listening socket, which queues requests until the server runs.

    Raises:
        PortInUseError: another process listens there.
        TfeventError: the address is not one of this machine, or the port is not allowed.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} of {address} is in use, perhaps by another `tfevent events serve`: "
                "--port takes another one, --port 0 any that is free"
            ) from None
        raise TfeventError(f"cannot listen on port {port} of {address}: {error.strerror}") from None
    return listener


def check_certificate(certificate: Certificate) -> None:
    """Raise TfeventError if the files are not a certificate with its key."""
    import ssl

    def refuse() -> str:
        raise TfeventError(f"{certificate.key}: the key is encrypted; give one that is not")

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain, certificate.key, password=refuse)
    except OSError as error:  # includes SSLError
        reason = error.strerror or "not readable"
        raise TfeventError(f"{certificate.chain} and {certificate.key}: no certificate and key: {reason}") from None
