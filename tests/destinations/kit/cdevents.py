"""What CDEvents 0.5.1 documents of the types we send (https://github.com/cdevents/spec/tree/v0.5.1), as a JSON Schema.

Every object is closed. With 0.5 ``url`` became ``uri``, ``version`` became ``specversion``, and ``subject.type`` went.
"""

from __future__ import annotations

import jsonschema

TEXT = {"type": "string", "minLength": 1}
ANY_TEXT = {"type": "string"}
URI = {"type": "string", "format": "uri"}
REFERENCE = {"type": "string", "minLength": 1, "format": "uri-reference"}
PURL = {"type": "string", "pattern": r"^pkg:[a-z0-9.+-]+/[^@\s]+(@[^\s]+)?$"}


def closed(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


PLACE = closed(["id"], id=TEXT, source=REFERENCE)
OUTCOME = {"enum": ["success", "failure", "cancel", "error"]}
TASK = {"taskName": ANY_TEXT, "uri": URI, "pipelineRun": PLACE}
ARTIFACT = closed(["environment", "artifactId"], environment=PLACE, artifactId=PURL)
CONTENT = {
    "dev.cdevents.environment.created.0.3.0": closed(name=ANY_TEXT, uri=URI),
    "dev.cdevents.environment.modified.0.3.0": closed(name=ANY_TEXT, uri=URI),
    "dev.cdevents.environment.deleted.0.3.0": closed(name=ANY_TEXT),
    "dev.cdevents.service.deployed.0.3.0": ARTIFACT,
    "dev.cdevents.service.upgraded.0.3.0": ARTIFACT,
    "dev.cdevents.service.rolledback.0.3.0": ARTIFACT,
    "dev.cdevents.service.removed.0.3.0": closed(environment=PLACE),
    "dev.cdevents.build.started.0.3.0": closed(),
    "dev.cdevents.build.finished.0.3.0": closed(artifactId=PURL),
    "dev.cdevents.taskrun.started.0.3.0": closed(**TASK),
    "dev.cdevents.taskrun.finished.0.3.0": closed(**TASK, outcome=OUTCOME, errors=ANY_TEXT),
}
CUSTOM = r"^dev\.cdeventsx\.[a-zA-Z0-9]+-[a-zA-Z]+\.[a-zA-Z]+\.[0-9]\.[0-9]\.[0-9]$"


def problem(document):
    """What is wrong with a CDEvent; None if nothing is."""
    kind = document["context"]["type"]
    content = CONTENT.get(kind) or {"type": "object"}
    schema = closed(
        ["context", "subject"],
        context=closed(
            ["specversion", "id", "source", "type", "timestamp"],
            specversion={"const": "0.5.1"},
            id=TEXT,
            source=REFERENCE,
            type={"enum": [kind]} if kind in CONTENT else {"type": "string", "pattern": CUSTOM},
            timestamp={"type": "string", "format": "date-time"},
            schemaUri=URI,
            chainId=TEXT,
            links={"type": "array"},
        ),
        subject=closed(["id", "content"], id=TEXT, source=REFERENCE, content=content),
        customData={"type": ["object", "string"]},
        customDataContentType=ANY_TEXT,
    )
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    found = jsonschema.exceptions.best_match(checker.iter_errors(document))
    return f"{found.json_path}: {found.message}" if found else None
