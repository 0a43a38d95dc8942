"""A provider whose resources are JSON files in a folder: whoever edits such a file has changed it outside of terraform.

Run by the interpreter of an environment that has the package ``tf``, in which nothing of this project is:
``lab_provider.py FOLDER --dev`` prints the TF_REATTACH_PROVIDERS that terraform finds it by, and serves until its end.
Its action ``lab_notify`` (terraform 1.14+) appends its message to the folder's file ``notified``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import lab_actions
from tf import schema, types
from tf.iface import Provider, Resource
from tf.runner import run_provider

NAME = "lab.test/lab/lab"
FOLDER = Path(sys.argv[1])
_FIELDS = ("name", "size", "tags", "password", "seen_at", "note")


class Server(Resource):
    def __init__(self, provider):
        self.provider = provider

    @classmethod
    def get_name(cls):
        return "server"

    @classmethod
    def get_schema(cls):
        text = types.String()
        return schema.Schema(
            attributes=[
                schema.Attribute("id", text, computed=True),
                schema.Attribute("name", text, required=True),
                schema.Attribute("size", text, optional=True),
                schema.Attribute("tags", types.Map(text), optional=True),
                schema.Attribute("password", text, optional=True, sensitive=True),
                schema.Attribute("seen_at", text, computed=True),
                schema.Attribute("note", text, optional=True, computed=True, default=None),
            ]
        )

    def create(self, ctx, planned):
        made = {**planned, "id": f"srv-{planned['name']}", "seen_at": "2026-01-01T00:00:00Z"}
        self._path(made["id"]).write_text(json.dumps(made))
        return made

    def read(self, ctx, current):
        path = self._path(current["id"])
        if (FOLDER / "denied").exists():
            ctx.diagnostics.add_error("No valid credential sources found", "the token lab-secret-token-77 has expired")
            return current
        return {**current, **json.loads(path.read_text())} if path.exists() else None

    def update(self, ctx, current, planned):
        made = {**planned, "id": current["id"], "seen_at": current["seen_at"]}
        self._path(made["id"]).write_text(json.dumps(made))
        return made

    def delete(self, ctx, current):
        self._path(current["id"]).unlink(missing_ok=True)

    @staticmethod
    def _path(identity):
        return FOLDER / f"{identity}.json"


class Lab(Provider):
    def get_model_prefix(self):
        return "lab_"

    def get_provider_schema(self, diags):
        return schema.Schema(attributes=[])

    def full_name(self):
        return NAME

    def validate_config(self, diags, config):
        pass

    def configure_provider(self, diags, config):
        pass

    def get_data_sources(self):
        return []

    def get_resources(self):
        return [Server]


NOTIFY = schema.Schema(
    attributes=[
        schema.Attribute("message", types.String(), required=True),
        schema.Attribute("token", types.String(), optional=True),
    ]
)


def notify(config):
    """Word by word: ``fail`` fails quoting the token, ``wait`` waits for the file ``go``, all others are progress."""
    for word in config["message"].split():
        if word == "fail":
            raise lab_actions.ActionError("Cannot notify", f"the server refused the token {config['token']}")
        if word == "wait":
            while not (FOLDER / "go").exists():
                time.sleep(0.02)
            continue
        yield f"{word} with {config['token']}" if word == "token" else word
    with (FOLDER / "notified").open("a") as file:
        file.write(f"{config['message']}\n")


if __name__ == "__main__":
    lab_actions.serve({"lab_notify": (NOTIFY, notify)})
    run_provider(Lab(), sys.argv)
