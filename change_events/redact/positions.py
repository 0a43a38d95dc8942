"""Secrets that commands take by their place, in a value of their own form, or on standard input.

Sources: the programs' own manuals (htpasswd(1), openssl-passphrase-options(1), rabbitmqctl(8), vault login -h, the
references of SQL*Plus and Data Pump, kubectl create secret -h, skopeo-copy(1), net user /?).
"""

from __future__ import annotations

_GAP = r"[ ]{1,3}"
_VALUE = (
    r"(?:'(?P<single>[^'\n]{1,500}+)'|\\{0,4}\"(?P<double>[^\"\n\\]{1,500}+)\\{0,4}\""
    r"|(?P<bare>[^\s;|&<>'\"`)\\]{1,500}+))"
)
_WORD = r"['\"]?[^\s'\"-][^\s'\"]{0,200}['\"]?"
_FLAGS = r"(?:[ ]{1,3}-[A-Za-z0-9]{1,8}(?:[ ]\d{1,2})?){0,4}"
_PRINTED = r"\b(?:echo|printf)(?:[ ]-[neE]{1,3})*(?:[ ]['\"]?%s(?:\\n)?['\"]?)?" + _GAP + _VALUE + r"[ ]{0,3}\|[ ]{0,3}"
_READS_IT = (
    r"(?=[^|;&\n]{0,300}?(?:stdin|\b(?:chpasswd|passwd|smbpasswd|kinit|cryptsetup|restic|su)\b"
    r"|sudo[ ](?:-\w+[ ])*-\w{0,4}S|passphrase-fd|--with-token|--password\b|login[ ]-(?:\s|$)))"
)
_WITH_USERS = r"\b(?:curl|etcdctl|influx|wget2?|http|kafka\S{0,20}|aria2c)\b[^\n;|&]{0,400}?"

POSITIONS = (
    ("|", _PRINTED + _READS_IT),
    ("pass:", r"-pass(?:in|out|arg)?(?:[ ]{1,3}|=)['\"]?pass:(?P<bare>[^\s'\"`;|&]{1,500}+)"),
    (
        "htpasswd",  # htpasswd -nb USER PASSWORD
        (
            rf"\bhtpasswd{_FLAGS}?{_GAP}-(?:[A-Za-z]{{0,6}}n[A-Za-z]{{0,6}}b|[A-Za-z]{{0,6}}b[A-Za-z]{{0,6}}n)[A-Za-z]{{0,4}}"
            rf"{_FLAGS}{_GAP}{_WORD}{_GAP}{_VALUE}"
        ),
    ),
    (
        "htpasswd",  # htpasswd -b FILE USER PASSWORD
        rf"\bhtpasswd{_FLAGS}?{_GAP}-[A-Zac-mo-z]{{0,6}}b[A-Zac-mo-z]{{0,6}}{_FLAGS}{_GAP}{_WORD}{_GAP}{_WORD}{_GAP}{_VALUE}",
    ),
    ("rabbitmqctl", rf"\brabbitmqctl\b[^\n;|&]{{0,100}}?\b(?:add_user|change_password){_GAP}\S{{1,100}}{_GAP}{_VALUE}"),
    (
        "vault",
        rf"\bvault{_GAP}login{_GAP}(?:-[\w=/-]{{1,60}}{_GAP}){{0,4}}(?![\w.-]{{1,30}}=|-)(?=\S{{0,80}}[\d.]){_VALUE}",
    ),
    (
        "/",
        (
            rf"\b(?:sqlplus|sqlldr|expdp|impdp|rman){_GAP}(?:-\w{{1,10}}{_GAP}){{0,4}}['\"]?\w{{1,60}}/"
            r"(?P<bare>[^\s@'\"/]{1,200}+)"
        ),
    ),
    ("configure", rf"\bconfigure{_GAP}set{_GAP}\S{{0,60}}?(?:secret|token|password)\w{{0,40}}{_GAP}{_VALUE}"),
    ("literal", rf"--from-literal(?:=|{_GAP})['\"]?[\w./-]{{1,200}}={_VALUE}"),
    ("-var", rf"(?<!\S)--?var(?:=|{_GAP})['\"]?[\w.-]{{1,200}}={_VALUE}"),
    ("-backend-config", rf"(?<!\S)--?backend-config(?:=|{_GAP})['\"]?[\w.-]{{1,200}}={_VALUE}"),
    ("/p:", rf"(?<!\S)/p:{_VALUE}"),
    ("user", rf"(?i:\bnet1?{_GAP}user{_GAP})\S{{1,60}}{_GAP}(?![/*]){_VALUE}"),
    (
        "user",
        (
            rf"{_WITH_USERS}[ ]--?(?:proxy-)?user(?:{_GAP}|=)['\"]?[A-Za-z][^\s:'\"]{{0,64}}:"
            r"(?!\d{1,6}(?:\s|$))(?P<bare>[^\s'\"]{1,500}+)"
        ),
    ),
    ("creds", rf"--(?:src-|dest-)?creds(?:{_GAP}|=)['\"]?[^\s:'\"]{{1,64}}:(?P<bare>[^\s'\"]{{1,500}}+)"),
)
"""A text that the pattern needs, and the pattern; the secret is its group ``bare``, ``single`` or ``double``."""
