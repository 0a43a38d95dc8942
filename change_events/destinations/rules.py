"""What an HTTP answer means where a backend has no rule of its own."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from change_events.destinations.base import Response, Result, Verdict

LONGEST_WAIT = 86_400.0

_RETRY = frozenset({407, 408, 425, 429})
_PASSING = {
    407: "the proxy asks for credentials (407); give them in HTTPS_PROXY or HTTP_PROXY",
    429: "it asks to slow down (429)",
}
_REFUSED = {
    401: "the credentials are not accepted (401); correct them, then `tfevent events flush --parked`",
    403: "access is denied (403); check token and region, then `tfevent events flush --parked`",
    404: "there is nothing at this address (404); correct it, then `tfevent events flush --parked`",
    410: "this address is gone for good (410); set another one",
}


def judge_status(response: Response) -> Verdict:
    """Any 2xx is success, whatever its body; passing troubles are retried; the rest needs a person."""
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004  # HTTP's own classes
        return Verdict(Result.DELIVERED)
    if 300 <= status < 400:  # noqa: PLR2004
        return Verdict(Result.PARK, f"it redirects ({status}), which is not followed; set the final address")
    if status == 413:  # noqa: PLR2004
        return Verdict(Result.SHRINK, "the event is too large for it (413)")
    if status in _RETRY or (500 <= status < 600 and status != 501):  # noqa: PLR2004
        return Verdict(Result.RETRY, _trouble(status), retry_after(response))
    return Verdict(Result.PARK, _REFUSED.get(status) or f"it refused the event ({status})")


def _trouble(status: int) -> str:
    return _PASSING.get(status) or f"it has a passing trouble ({status})"


def retry_after(response: Response, now: float | None = None) -> float | None:
    """Seconds to wait by ``Retry-After`` (RFC 9110 §10.2.3: seconds, or an HTTP date).

    Never negative and never more than a day; None if the header is absent or makes no sense.
    """
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - (time.time() if now is None else now)
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
