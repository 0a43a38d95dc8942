"""New Relic's NerdGraph, as far as change tracking goes: the mutation is run against its types by graphql-core.

The types are those of https://docs.newrelic.com/docs/change-tracking/config/nerdgraph/ and of New Relic's Go client
(``pkg/changetracking/types.go``), with the names that both use.
"""

import json
import re

import graphql

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, answer, json_of, need

SCHEMA = graphql.build_schema("""
scalar EpochMilliseconds
scalar ChangeTrackingRawCustomAttributesMap
enum ChangeTrackingValidationFlag { ALLOW_CUSTOM_CATEGORY_OR_TYPE FAIL_ON_FIELD_LENGTH FAIL_ON_REST_API_FAILURES }
input ChangeTrackingCategoryAndTypeInput { category: String! type: String! }
input ChangeTrackingDeploymentFieldsInput { version: String! changelog: String commit: String deepLink: String }
input ChangeTrackingFeatureFlagFieldsInput { featureFlagId: String! }
input ChangeTrackingCategoryFieldsInput {
  deployment: ChangeTrackingDeploymentFieldsInput
  featureFlag: ChangeTrackingFeatureFlagFieldsInput
}
input ChangeTrackingCategoryRelatedInput {
  kind: ChangeTrackingCategoryAndTypeInput!
  categoryFields: ChangeTrackingCategoryFieldsInput
}
input ChangeTrackingEntitySearchInput { query: String! }
input ChangeTrackingDataHandlingRules { validationFlags: [ChangeTrackingValidationFlag] }
input ChangeTrackingCreateEventInput {
  categoryAndTypeData: ChangeTrackingCategoryRelatedInput
  entitySearch: ChangeTrackingEntitySearchInput!
  user: String
  description: String
  shortDescription: String
  groupId: String
  timestamp: EpochMilliseconds
  customAttributes: ChangeTrackingRawCustomAttributesMap
}
interface ChangeTrackingEvent { changeTrackingId: String! }
type ChangeTrackingGenericEvent implements ChangeTrackingEvent { changeTrackingId: String! }
type ChangeTrackingCreateEventResponse { changeTrackingEvent: ChangeTrackingEvent messages: [String] }
type Mutation {
  changeTrackingCreateEvent(
    changeTrackingEvent: ChangeTrackingCreateEventInput!, dataHandlingRules: ChangeTrackingDataHandlingRules
  ): ChangeTrackingCreateEventResponse
}
type Query { actor: String }
""")
STANDARD = {("deployment", kind) for kind in ("basic", "blue green", "canary", "rolling", "shadow")} | {
    ("operational", kind) for kind in ("crash", "other", "scheduled maintenance period", "server reboot")
}
RESTRICTED = {"timestamp", "user", "category", "type", "description", "hostname", "limit", "from", "log", "groupId"}


def create(_root, _info, changeTrackingEvent, dataHandlingRules=None):  # noqa: N803 - GraphQL's names
    event, flags = changeTrackingEvent, (dataHandlingRules or {}).get("validationFlags", [])
    kind = event["categoryAndTypeData"]["kind"]
    pair = (kind["category"].lower().replace("_", " "), kind["type"].lower().replace("_", " "))
    need(pair in STANDARD or "ALLOW_CUSTOM_CATEGORY_OR_TYPE" in flags, f"no such category and type: {pair}")
    fields = event["categoryAndTypeData"].get("categoryFields", {})
    need((pair[0] == "deployment") == ("deployment" in fields), "categoryFields must go with the category")
    need(re.fullmatch(r"name = '[^']+' AND domain = 'APM'", event["entitySearch"]["query"]), "entity not found")
    need(10**12 < event["timestamp"] < 10**13, "timestamp is in milliseconds")
    for name, value in event["customAttributes"].items():
        need(re.fullmatch(r"[A-Za-z0-9_:.]{1,255}", name) and name not in RESTRICTED, f"name of {name}")
        need(isinstance(value, (str, int, float)), f"value of {name}")
        need(len(str(value).encode("utf-16-le")) // 2 <= 4096, f"length of {name}")
    need(len(event["customAttributes"]) <= 254, "number of attributes")
    need(len(event["shortDescription"]) and len(event["description"]) <= 4096, "descriptions")
    return {"changeTrackingEvent": {"changeTrackingId": "8a3a594c"}, "messages": []}


SCHEMA.mutation_type.fields["changeTrackingCreateEvent"].resolve = create
SCHEMA.get_type("ChangeTrackingEvent").resolve_type = lambda *_: "ChangeTrackingGenericEvent"


def accept(received):
    need((received.method, received.path) == ("POST", "/graphql"), "not found", 404)
    need(received.headers.get("api-key") == SECRET, "BAD_API_KEY", 401)
    need(len(received.body) <= 1_000_000, "too large", 413)
    body = json_of(received)
    need(isinstance(body.get("query"), str) and isinstance(body["variables"], dict), "no GraphQL")
    done = graphql.graphql_sync(SCHEMA, body["query"], variable_values=body["variables"])
    # As NerdGraph answers: 200 whatever happened.
    return answer(200, json.loads(json.dumps(done.formatted)))


def created(change_id, **more):
    event = {"changeTrackingId": change_id} if change_id else None
    return {"data": {"changeTrackingCreateEvent": {"changeTrackingEvent": event, "messages": []}}, **more}


def failed(message, **extensions):
    return {"data": {"changeTrackingCreateEvent": None}, "errors": [{"message": message, "extensions": extensions}]}


BACKEND = Backend(
    options=lambda url: {"api_key": SECRET, "entity": "name = 'web' AND domain = 'APM'", "url": url},
    accept=accept,
    refusal=lambda why: {"errors": [{"message": why, "extensions": {"errorClass": "CLIENT_ERROR"}}]},
    payloads=("boot", "build", "planned"),
    answers=(
        Documented("created", answer(200, created("8a3a594c")), Result.DELIVERED),
        Documented(
            "created with a remark",
            answer(200, created("8a3a594c", errors=[{"message": "This field is deprecated!"}])),
            Result.DELIVERED,
            "remarks",
        ),
        Documented("entity", answer(200, failed("not one entity", errorClass="INVALID_INPUT")), Result.PARK, "entity"),
        Documented("timeout", answer(200, failed("slow", errorClass="TIMEOUT")), Result.RETRY, "transient"),
        Documented("their error", answer(200, failed("oops", errorClass="SERVER_ERROR")), Result.RETRY, "transient"),
        Documented("bad key", answer(200, failed("no", error_code="BAD_API_KEY")), Result.PARK, "user key"),
        Documented("bad key by status", answer(401, {"errors": [{"message": "no"}]}), Result.PARK, "401"),
        Documented("too many at once", answer(429), Result.RETRY, "429"),
        Documented("a page of a proxy", answer(200, "<html>sign in"), Result.PARK, "url"),
        Documented("no change", answer(200, created(None)), Result.PARK, "url"),
    ),
    variants={"": {}, "deployment": {"category": "Deployment", "type": "Canary"}},
)
