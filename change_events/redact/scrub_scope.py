"""How far a remembered value is scrubbed from the rest of the event: anywhere, as a whole word only, or not at all.

A provider may mark ``true``, ``admin`` or ``us-east-1`` as sensitive. To take such a word out of every title, address
and message would destroy the event and hide nothing, because anybody guesses it. The rule:

* not at all: shorter than four characters, one character repeated, a word of the list below or of the event model
  itself, the name of a region or zone, and of four or five characters what has no digit and no symbol, or looks like
  a unit, a version or a numbered name (``512Mi``, ``1.24``, ``web1``);
* as a whole word: other values of four or five characters, and letters or digits alone below twelve characters
  (``letmein`` leaves ``letmein-service`` and ``letmein.example.org`` alone);
* anywhere, inside of longer words too: everything else. Of these, eight characters or more with a letter and
  a digit, or a symbol that names have not, are looked for in upper, lower and mixed case and reversed, too.
"""

from __future__ import annotations

from enum import Enum
from functools import cache

import msgspec

from change_events import model
from change_events.redact.spans import MARK
from change_events.text.lazy_pattern import lazy_pattern

SHORTEST = 6
"""Characters that a value needs to be scrubbed wherever it stands."""
SHORTEST_WORD = 4
"""Characters that a value needs to be scrubbed where it stands as a word."""
_SURE = 12  # characters from which letters or digits alone are no word or number of everyday
_NUMBERED = lazy_pattern(
    r"\d+(?:\.\d+)?[A-Za-z%]{1,3}|[vV]?\d+(?:[.:/-]\d+)*|[A-Za-z]+[-_.]?\d{1,3}|[a-z]\d[a-z]?\.[a-z\d]+"
)

_WORDS = """
    access account action active address admin administrator allow allowed alpine always amazon amazonaws apache
    application argocd attribute automatic azuread azurerm backend backup balancer before bucket change changed
    cluster command complete completed config configuration console consul container content create created
    credential credentials custom database dashboard datadog debian default delete deleted deploy deployment
    description destroy detail develop developer development directory disable disabled docker domain dynamic
    elastic elasticsearch enable enabled endpoint engine ensure environment error eu-west example example.com
    external failed failure false filter firewall function gateway github gitlab global google grafana health
    hidden hostname iam-role identity image ingress inside instance internal invalid jenkins kafka keycloak
    kubernetes lambda latest library license listener localhost location logging managed manager mariadb master
    member memory metadata metric module monitor monitoring mongodb mysql network nginx notset number object
    opensearch option optional oracle output owner package parameter password planned please plugin policy
    postgres postgresql prefix primary private process prod-eu production profile program project prometheus
    protocol provider public publish python rabbitmq random readonly readwrite reader record redhat region
    release replica replace request required resource response result retention rollback rotate router running
    runtime schedule schema script secondary secret secrets security sematext sensitive server service session
    setting single source staging standard started static status storage string subnet subscription success
    support system target template tenant terraform testing timeout trigger trusted ubuntu undefined unknown
    update updated upgrade username values variable vault version volume warning webhook website windows worker
    writer 0.0.0.0 0.0.0.0/0 127.0.0.1 10.0.0.0/8 10.0.0.0/16 123456789012 000000000000 http:// https://
"""
_REGION = lazy_pattern(
    r"[a-z]{2}(?:-[a-z]{2,10}){1,3}-\d[a-z]?"  # AWS: us-east-1, us-gov-west-1a
    r"|(?:africa|asia|australia|europe|me|northamerica|southamerica|us)-[a-z]{4,12}\d{1,2}(?:-[a-z])?"  # Google Cloud
    r"|(?:north|south|east|west|central)*(?:us|europe|india|asia|uk|france|germany|brazil|japan|korea|uae)"
    r"(?:north|south|east|west|central)*\d?"  # Azure: westeurope, eastus2
)
_SHORTEST_OF_ANY_CASE = 8
_NO_WORD = lazy_pattern(r"[^\s\-_.:/,A-Za-z\u0080-\U0010ffff]")  # a digit, or a symbol that names have not
_LETTER = lazy_pattern(r"[^\W\d_]")
_PEM_LINE = "-----"


class Scrub(Enum):
    """Where a remembered value is looked for."""

    NOWHERE = 0
    WORD = 1
    ANYWHERE = 2


def scrub(value: str) -> Scrub:
    """Return where a remembered value is searched for."""
    if len(value) < SHORTEST:
        return Scrub.WORD if _is_odd(value) else Scrub.NOWHERE
    if not _is_distinctive(value):
        return Scrub.NOWHERE
    return Scrub.WORD if len(value) < _SURE and (value.isalpha() or value.isdigit()) else Scrub.ANYWHERE


def is_scrubbed(value: str) -> bool:
    """Return whether a remembered value is looked for at all."""
    return scrub(value) is not Scrub.NOWHERE


def is_of_any_case(value: str) -> bool:
    """Return whether a remembered value is looked for in any case and reversed: so it is no everyday word."""
    if len(value) < _SHORTEST_OF_ANY_CASE or scrub(value) is not Scrub.ANYWHERE:
        return False
    return bool(_NO_WORD.search(value) and _LETTER.search(value))


def stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether a stretch of a text is a word of its own, and no part of a name or a host."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and (_is_word(before[-1]) or (before[-1] in ".-" and _is_word(before[0]) and len(before) > 1)):
        return False
    return not (after and (_is_word(after[0]) or (after[0] in ".-" and len(after) > 1 and _is_word(after[1]))))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _is_odd(value: str) -> bool:
    """Return whether a value of four or five characters is no word, number, unit or numbered name."""
    if len(value) < SHORTEST_WORD or value.isalpha() or value.isspace() or value != value.strip() or value in MARK:
        return False
    return len(set(value)) > 2 and not _NUMBERED.fullmatch(value) and value.lower() not in words()  # noqa: PLR2004


def _is_distinctive(value: str) -> bool:
    if value in MARK or value.startswith(_PEM_LINE) and len(value) < 64:  # noqa: PLR2004, RUF021 - a PEM header is one short line
        return False
    if value.count(value[0]) == len(value) or value.isspace():
        return False
    if len(value) > 32:  # noqa: PLR2004 - longer than any word or region below
        return True
    if value.lower() in words():
        return False
    return not (value.islower() and _REGION.fullmatch(value))


@cache
def words() -> frozenset[str]:
    """Return the words that are never scrubbed, in lower case."""
    return frozenset(_WORDS.split()) | {word.lower() for word in vocabulary()}


@cache
def vocabulary() -> frozenset[str]:
    """Return the field names, enumeration values and constant defaults of the event model."""
    found = {"data", model.SCHEMA_VERSION}
    for kind in vars(model).values():
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found.update(kind.__struct_encode_fields__)  # structs.fields would resolve each annotation, at 30 ms in all
            found.update(default for default in kind.__struct_defaults__ if isinstance(default, str))
        elif isinstance(kind, type) and issubclass(kind, Enum):
            found.update(member.value for member in kind if isinstance(member.value, str))
    return frozenset(str(word.value) if isinstance(word, Enum) else word for word in found)
