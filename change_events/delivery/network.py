"""What all connections have in common: whom TLS trusts, and why one failed, in words of ours."""

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
    """Trust ``ca_file`` alone, else SSL_CERT_FILE and SSL_CERT_DIR alone, else the system's and certifi's.

    Reading hundreds of authorities costs 50 ms of CPU: it is done once for all destinations that trust the same.
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
    """Why a connection failed, as far as the system and TLS say; None where they say nothing."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not trusted ({cause.verify_message}); see ca_file and SSL_CERT_FILE"
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
