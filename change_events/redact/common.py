"""Values that are hidden under their own mark but never scrubbed from the rest of the event.

A provider may mark ``true``, ``admin`` or ``us-east-1`` as sensitive. To take such a word out of every title, address
and message would destroy the event and hide nothing, because anybody guesses it. The rule: shorter than six
characters, one character repeated, a word of this list or of the event model itself, or the name of a region or zone.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache

import msgspec

from change_events import model
from change_events.redact.spans import MARK

SHORTEST = 6
"""Characters that a value needs to be scrubbed from free text."""

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
_REGION = re.compile(
    r"[a-z]{2}(?:-[a-z]{2,10}){1,3}-\d[a-z]?"  # AWS: us-east-1, us-gov-west-1a
    r"|(?:africa|asia|australia|europe|me|northamerica|southamerica|us)-[a-z]{4,12}\d{1,2}(?:-[a-z])?"  # Google Cloud
    r"|(?:north|south|east|west|central)*(?:us|europe|india|asia|uk|france|germany|brazil|japan|korea|uae)"
    r"(?:north|south|east|west|central)*\d?"  # Azure: westeurope, eastus2
)
_PEM_LINE = "-----"


def is_scrubbed(value: str) -> bool:
    """Tell whether a secret is distinctive enough to be looked for everywhere."""
    if len(value) < SHORTEST or value in MARK or value.startswith(_PEM_LINE) and len(value) < 64:  # noqa: PLR2004, RUF021 - a PEM header is one short line
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
