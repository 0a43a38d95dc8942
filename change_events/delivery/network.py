"""TLS trust and connection errors, for all transports."""

from __future__ import annotations

import functools
import os
import socket
import ssl
import threading

from change_events.delivery.transport import TransportError

FAILED = "the connection failed"
_reading = threading.Lock()


def trusted(ca_file: str | None) -> ssl.SSLContext:
    """Return a TLS context that trusts ``ca_file``, SSL_CERT_FILE and SSL_CERT_DIR, or the usual authorities.

    Each replaces those after it; the usual ones are the system's and certifi's. Reading hundreds of authorities takes
    50 ms of CPU time: it is done once for all destinations with the same trust.
    """
    with _reading:
        return _trusting(ca_file, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@functools.lru_cache(maxsize=8)
def _trusting(ca_file: str | None, *variables: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)  # OpenSSL reads the two variables itself
        if not (ca_file or any(variables)):
            import certifi

            context.load_verify_locations(certifi.where())
    except (OSError, ssl.SSLError):
        raise TransportError("the file of certificate authorities (ca_file) cannot be read") from None
    return context


def clause(error: BaseException) -> str | None:
    """Return why a connection failed, as far as the system and TLS report it; None if they do not."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            where = "see SSL_CERT_FILE, and ca_file of a destination"
            return f"its TLS certificate is not trusted ({cause.verify_message}); {where}"
        if isinstance(cause, ssl.SSLError):
            return f"the TLS handshake failed ({cause.reason or 'connection closed'})"
        if isinstance(cause, socket.gaierror):
            return "its host name cannot be resolved"
        if isinstance(cause, OSError) and cause.errno:
            return f"the connection failed ({os.strerror(cause.errno).lower()})"
    return None


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
