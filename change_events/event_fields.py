"""What each field of an event holds, for the published schema and docs/event.md."""

from __future__ import annotations

EVENT_FIELDS = {
    "id": "UUIDv7 of the event: the same at every delivery, so a receiver can tell a repetition.",
    "kind": "What sort of thing happened; a run of terraform is infrastructure.",
    "phase": "planned: what would be done. applied: what was done. checked: a check run.",
    "started_at": "When the run started (UTC).",
    "title": "One line of at most 120 characters, to be read on a graph.",
    "schema_version": "Version of this schema. A new minor version only adds fields.",
    "outcome": "How the run ended. Not there while it goes on.",
    "ended_at": "When the run ended (UTC).",
    "message": "The story in Markdown, what matters most first.",
    "severity": "error: something failed or is unknown, cancelled or not. warning: something destroyed or replaced, or "
    "cancelled after a change. info: the rest.",
    "environment": "Environment, from the settings.",
    "service": "Service, from the settings.",
    "tags": "Tags, from the settings.",
    "tool": "The tool, its version, its redacted command line, its exit code, its workspace and directory.",
    "actor": "Who ran it, on which host, in which CI system.",
    "vcs": "The commit the run was made from.",
    "trace": "Ids that link the run to what started it and to what it started (W3C trace context).",
    "summary": "Figures of the whole run; no size limit cuts them.",
    "changes": "What was planned for each resource, and what became of it.",
    "outputs": "Outputs of the root module that differ.",
    "drift": "Resources that were changed outside of the tool.",
    "checks": "Checks and conditions that did not pass.",
    "failures": "Errors of the run.",
    "signals": "Facts worth an eye, each with its reason.",
    "links": "Pages a reader may want to open.",
    "data": "Further data of an explicit event.",
    "truncated": "What was left out of this event to fit a receiver, and how much.",
    "partial": "terraform says the plan is partial: -target, deferrals or errors.",
}
