"""The published schemas are current, and what we write and accept validates against them."""

import json
from datetime import UTC, datetime

import jsonschema
import msgspec
import pytest

from change_events.model import Action, Change, ChangeEvent, Kind, Phase
from tools.schemas import FOLDER, schemas


def schema(name):
    return json.loads((FOLDER / name).read_text())


@pytest.mark.parametrize("name", ["change-event.schema.json", "tfevent-yaml.schema.json"])
def test_the_published_schema_is_current_and_well_formed(name):
    assert (FOLDER / name).read_text() == schemas()[name], "run make schema"
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_an_event_validates():
    event = ChangeEvent(
        id="1",
        kind=Kind.INFRASTRUCTURE,
        phase=Phase.APPLIED,
        started_at=datetime.now(UTC),
        title="t",
        changes=(Change(address="a.b", action=Action.IMPORT),),
    )
    document = json.loads(msgspec.json.encode(event))
    jsonschema.validate(document, schema("change-event.schema.json"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | {"phase": "guessed"}, schema("change-event.schema.json"))


def test_settings_validate():
    good = {"plans": "send", "redact": {"names": ["x"]}, "destinations": {"a": {"kind": "sematext", "token_file": "t"}}}
    settings = schema("tfevent-yaml.schema.json")
    validator = jsonschema.validators.validator_for(settings)(settings)
    validator.check_schema(settings)
    validator.validate(good)
    for bad in ({"enviroment": "x"}, {"plans": "often"}, {"destinations": {"a": {"kind": "sematext", "regoin": "eu"}}}):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(bad)
