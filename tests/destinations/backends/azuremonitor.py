"""Azure: Resource Manager's annotations of Application Insights, Microsoft Entra ID and the instance metadata service.

Annotations are as the scripts of the documentation send them: Id a GUID, EventTime sortable, Properties JSON in a text.
Errors of Resource Manager are ``error.code`` and ``error.message``. The metadata service wants the header ``Metadata``
and refuses what came through a proxy (``X-Forwarded-For``); it gives ``expires_in`` as a text.
"""

import json
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from change_events.destinations.base import Result
from tests.destinations.kit.backend import SECRET, Backend, Documented, Refused, answer, json_of, need

RESOURCE = "/subscriptions/0a1b/resourceGroups/web (prod)/providers/microsoft.insights/components/shop"
PATH = RESOURCE.replace(" ", "%20").replace("(", "%28").replace(")", "%29") + "/Annotations"
TENANT, CLIENT = "72f988bf-86f1-41af-91ab-2d7cd011db47", "535fb089-9ff3-47b6-9bfb-4f1264799865"
IDENTITY = "token of the managed identity"
TOKEN = "eyJ0eXAi.azure-token.sig"
FIELDS = {"Id", "AnnotationName", "EventTime", "Category", "Properties"}


def refusal(why):
    return {"error": {"code": "BadRequest", "message": why}}


def identity(received, query):
    need(received.method == "GET" and received.headers.get("metadata") == "true", "Required metadata header", 400)
    need("x-forwarded-for" not in received.headers, "came through a proxy")
    need(query["api-version"] == "2018-02-01" and query["resource"] == "https://management.azure.com/", "resource")
    need(query.get("client_id", CLIENT) == CLIENT, "Identity not found")
    return answer(200, {"access_token": TOKEN, "expires_in": "86399", "token_type": "Bearer"})


def entra(received):
    form = {name: values[0] for name, values in parse_qs(received.body.decode()).items()}
    need(received.headers["content-type"] == "application/x-www-form-urlencoded", "a form")
    need(form["grant_type"] == "client_credentials", "unsupported_grant_type")
    need(form["scope"] == "https://management.azure.com/.default", "invalid_scope")
    need((form["client_id"], form["client_secret"]) == (CLIENT, SECRET), "invalid_client", 401)
    return answer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})


def accept(received):
    parts = urlsplit(received.path)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.path == "/metadata/identity/oauth2/token":
        return identity(received, query)
    if parts.path == f"/{TENANT}/oauth2/v2.0/token":
        return entra(received)
    if parts.path != PATH:
        raise Refused(404, "ResourceNotFound")
    need(received.headers.get("authorization") == f"Bearer {TOKEN}", "InvalidAuthenticationToken", 401)
    need(received.method == "PUT" and query == {"api-version": "2015-05-01"}, "NoRegisteredProviderFound")
    body = json_of(received)
    need(set(body) == FIELDS and all(isinstance(value, str) for value in body.values()), "five texts")
    UUID(body["Id"])
    need(datetime.strptime(body["EventTime"], "%Y-%m-%dT%H:%M:%S%z"), "a moment")
    need(body["Category"] == "Deployment", "others are not shown")
    need(0 < len(body["AnnotationName"]) <= 200, "a name")
    properties = json.loads(body["Properties"])
    need(properties and all(isinstance(value, str) and value for value in properties.values()), "texts")
    need(properties.get("Label", "Success") in {"Success", "Error"}, "labels")
    return answer(200, [body | {"RelatedAnnotation": None}])


MADE = [{"AnnotationName": "shop", "Id": "0a1b"}]
EXPIRED = {"error": {"code": "ExpiredAuthenticationToken", "message": "The access token expiry UTC time is earlier"}}

BACKEND = Backend(
    options=lambda url: {"resource": RESOURCE, "management_url": url, "login_url": url, "imds_url": url},
    accept=accept,
    refusal=refusal,
    variants={
        "": {},
        "assigned": {"client_id": CLIENT},
        "secret": {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET},
    },
    several={"": 2, "assigned": 2, "secret": 2},
    payloads=("failed", "started"),
    answers=(
        Documented("made", answer(200, MADE), Result.DELIVERED),
        Documented("made, one", answer(200, MADE[0]), Result.DELIVERED),
        Documented("another answer", answer(200, {"status": "ok"}), Result.PARK, "names no annotation"),
        Documented("nothing made", answer(200, []), Result.PARK, "names no annotation"),
        Documented("bad", answer(400, refusal("Bad annotation")), Result.PARK, "400"),
        Documented("expired", answer(401, EXPIRED), Result.PARK, "401"),
        Documented("no role", answer(403, {"error": {"code": "AuthorizationFailed"}}), Result.PARK, "Contributor"),
        Documented("no resource", answer(404, {"error": {"code": "ResourceNotFound"}}), Result.PARK, "404"),
        Documented("slow down", answer(429, refusal("Too many"), retry_after="17"), Result.RETRY, "429", after=17),
        Documented("down", answer(503, refusal("Server busy")), Result.RETRY, "503"),
        Documented("identity", answer(200, {"access_token": TOKEN, "expires_in": "9"}), Result.DELIVERED, of=IDENTITY),
        Documented(
            "no identity", answer(400, {"error": "invalid_request"}), Result.PARK, "managed identity", of=IDENTITY
        ),
        Documented("being updated", answer(404), Result.RETRY, "updated", of=IDENTITY),
        Documented("updating", answer(410), Result.RETRY, "updated", of=IDENTITY),
        Documented("identity: slow down", answer(429), Result.RETRY, "429", of=IDENTITY),
        Documented("identity: trouble", answer(500), Result.RETRY, "500", of=IDENTITY),
        Documented("token", answer(200, {"access_token": TOKEN}), Result.DELIVERED, variant="secret", of="token"),
        Documented(
            "bad secret",
            answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"}),
            Result.PARK,
            "credentials",
            variant="secret",
            of="token",
        ),
        Documented(
            "no tenant", answer(400, {"error": "invalid_request"}), Result.PARK, "400", variant="secret", of="token"
        ),
    ),
)
