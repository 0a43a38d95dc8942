"""Keyed fingerprints: equal for equal values of one installation; without the key no one can test a guess."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

KEY_FILE = "fingerprint.key"
_KEY_BYTES = 32
_HEX_DIGITS = 12


def fingerprint(key: bytes, value: object) -> str:
    """Return 12 hex digits of HMAC-SHA256 over a text's UTF-8, or over the sorted JSON of anything else."""
    if isinstance(value, str):
        message = b"s" + value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes):
        message = b"b" + value
    else:
        message = b"j" + _json(value)
    import hmac  # brings OpenSSL, and most runs have no secret to compare

    return hmac.digest(key, message, "sha256").hex()[:_HEX_DIGITS]


def _json(value: object) -> bytes:
    try:
        return msgspec.json.encode(value, enc_hook=str, order="sorted")
    except (TypeError, ValueError, RecursionError):  # keys that are no text, lone surrogates, endless nesting
        return repr(type(value)).encode()


def load_key(state_dir: str | os.PathLike[str]) -> bytes:
    """Return the installation's 32-byte key from ``<state_dir>/fingerprint.key``, made on first use with mode 0600.

    Of several processes that make it at once, one wins and all get its key. Where it can be neither read nor made,
    the key is a random one of this process: fingerprints then compare within one run only.
    """
    path = Path(state_dir) / KEY_FILE
    with contextlib.suppress(OSError):
        return _read(path) or _create(path) or os.urandom(_KEY_BYTES)
    return os.urandom(_KEY_BYTES)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                os.fchmod(file.fileno(), 0o600)
            key = file.read(_KEY_BYTES + 1)
    except FileNotFoundError:
        return None
    return key if len(key) == _KEY_BYTES else os.urandom(_KEY_BYTES)


def _create(path: Path) -> bytes | None:
    """Write the key beside its place and link it there, so that no one ever reads half a key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{KEY_FILE}.{os.urandom(8).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return _read(path)
