"""Serves the table of tools with the protocol's SDK on standard input and output."""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, cast

import anyio
import anyio.to_thread
import msgspec
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

import change_events
from change_events.errors import TfeventError
from change_events.mcp import stdio
from change_events.mcp.answers import NOTICE, answer_schema, input_schema
from change_events.mcp.tools import TOOLS, Ledger, Tool, call, error_text
from change_events.output import describe, say
from change_events.text.printable import visible

if TYPE_CHECKING:
    from change_events.settings import Settings

_AT_ONCE = 4  # concurrent calls; others wait
_ERROR = 1_500  # characters of an error's text
INSTRUCTIONS = (
    "Read-only answers about infrastructure changes that tfevent recorded {}. After an incident, begin "
    "with `suspects`; for one resource or host use `why`; for a time or a filter `list_changes`; for one event "
    f"`show_change`. {NOTICE} The same holds for names in error messages. Answers are bounded: `notes` says what was "
    "left out, `next` has the arguments for what follows. Secrets were redacted before recording: `sensitive` marks "
    "them, and no tool can show them. Times are UTC."
)


def serve(settings: Settings, ledger: Ledger | None = None) -> NoReturn:
    """Serve on standard input and output until the input ends, then end the process; from a ledger if one is given."""
    logging.disable(logging.CRITICAL)  # the SDK's log, which quotes requests
    given, taken = stdio.claim()
    stdio.end_at_signals()
    unanswered = stdio.Unanswered()
    anyio.run(_serve, settings, ledger, stdio.Input(given, unanswered), stdio.Output(taken, unanswered))
    stdio.leave(0)  # an abandoned call may still be running


async def _serve(settings: Settings, ledger: Ledger | None, lines: stdio.Input, output: stdio.Output) -> None:
    server = server_of(settings, ledger)
    files = cast("Any", lines), cast("Any", output)  # of which the SDK uses what these have
    async with stdio_server(*files) as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def server_of(settings: Settings, ledger: Ledger | None = None) -> Server[Any, Any]:
    """Return a server with the tools, which reads the journal of these settings, or a ledger."""
    where = "on this machine" if ledger is None else "on the machines of a team"
    instructions = INSTRUCTIONS.format(where)
    server: Server[Any, Any] = Server("tfevent", version=change_events.__version__, instructions=instructions)
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def listed() -> list[types.Tool]:
        return [_described(name, tool) for name, tool in TOOLS.items()]

    async def called(request: types.CallToolRequest) -> types.ServerResult:
        work = partial(_called, request.params.name, request.params.arguments or {}, settings, ledger)
        return types.ServerResult(await anyio.to_thread.run_sync(work, limiter=limiter, abandon_on_cancel=True))

    server.list_tools()(listed)  # type: ignore[no-untyped-call]
    # Not by the SDK's decorator: it checks the schema of each answer again, which takes longer than the answer.
    server.request_handlers[types.CallToolRequest] = called
    return server


def _described(name: str, tool: Tool) -> types.Tool:
    return types.Tool(
        name=name,
        title=tool.title,
        description=tool.description,
        inputSchema=input_schema(tool.arguments),
        outputSchema=answer_schema(tool.recorded),
        # An open world: what is read is closed, but its texts are of anybody, as those of a web page are.
        annotations=types.ToolAnnotations(
            title=tool.title, readOnlyHint=True, destructiveHint=False, idempotentHint=True, openWorldHint=True
        ),
    )


def _called(name: str, arguments: dict[str, Any], settings: Settings, ledger: Ledger | None) -> types.CallToolResult:
    try:
        found = call(name, arguments, settings, ledger)
    except TfeventError as error:
        text = visible(error_text(error))
    except Exception as error:  # noqa: BLE001 - no request ends the server, and no trace of a stack is an answer
        say(f"{name[:80]}: {describe(error)}")
        text = f"this is a bug in tfevent: {type(error).__name__}; its standard error says more"
    else:
        # The text is for clients that do not know structured answers yet.
        return types.CallToolResult(content=[_text(msgspec.json.encode(found).decode())], structuredContent=found)
    return types.CallToolResult(content=[_text(_clipped(text))], isError=True)


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _clipped(text: str) -> str:
    return text if len(text) <= _ERROR else f"{text[: _ERROR - 1]}…"


def note_at_a_terminal() -> None:
    """Print what this is if it was started on a terminal."""
    if os.isatty(0):  # standard input may be closed, and sys.stdin None
        say("this is a Model Context Protocol server: a client starts it; Ctrl-D ends it")
