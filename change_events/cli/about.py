"""``tfevent events schema`` and ``version``."""

from __future__ import annotations

import platform
import sys
from importlib import resources

import click

from change_events import __version__
from change_events.cli.help_examples import examples
from change_events.model import SCHEMA_VERSION

EVENT_SCHEMA = "change-event.schema.json"
SETTINGS_SCHEMA = "tfevent-yaml.schema.json"


@click.command(
    "schema",
    short_help="Print the JSON Schema of events or of tfevent.yaml.",
    epilog=examples(
        "tfevent events schema > change-event.schema.json",
        "tfevent events schema --settings > tfevent-yaml.schema.json",
    ),
)
@click.option("--settings", "of_settings", is_flag=True, help="Print the schema of tfevent.yaml, for editors.")
def schema_command(*, of_settings: bool) -> int:
    """Print the JSON Schema of change events, or of tfevent.yaml."""
    name = SETTINGS_SCHEMA if of_settings else EVENT_SCHEMA
    sys.stdout.write(resources.files("change_events").joinpath("schema", name).read_text("utf-8"))
    return 0


@click.command(
    "version",
    short_help="Print the versions of tfevent, its event schema and Python.",
    epilog=examples(
        "tfevent events version",
    ),
)
def version_command() -> int:
    """Print the versions of tfevent, its event schema and Python."""
    sys.stdout.write(f"tfevent {__version__} (event schema {SCHEMA_VERSION}, Python {platform.python_version()})\n")
    return 0
