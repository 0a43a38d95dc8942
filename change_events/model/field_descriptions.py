"""What each field of an event holds, for the published schema and docs/reference/event.md."""

from __future__ import annotations

EVENT_FIELDS = {
    "id": "UUIDv7 of the event, identical in every delivery, so that receivers can deduplicate.",
    "kind": "Kind of event; a Terraform run is infrastructure, what a drift check found is drift.",
    "phase": "planned: changes that would be made. applied: changes that were made. checked: a check-mode run, "
    "or a check for drift.",
    "started_at": "When the run started (UTC).",
    "title": "Title: one line of at most 120 characters.",
    "schema_version": "Version of this schema. A new minor version only adds fields.",
    "outcome": "Outcome of the run; absent while it is in progress.",
    "ended_at": "When the run ended (UTC).",
    "message": "Message in Markdown, the most important first.",
    "severity": "Severity of the event. error: a change failed or its outcome is unknown. warning: "
    "resources destroyed or replaced, cancelled after a change, or any risk signal. info: otherwise.",
    "environment": "Environment, from the settings.",
    "service": "Service, from the settings.",
    "version": "Version of the deployed or built service.",
    "tags": "Tags, from the settings.",
    "dedup_key": "The sender's own key: of several events with the same key within a time, only the first is recorded.",
    "tool": "The tool, its version, its redacted command line, its exit code, its workspace and directory.",
    "actor": "Who ran it, on which host, in which CI system.",
    "clouds": "Accounts and regions of the changed resources, from their attributes and their provider's settings.",
    "vcs": "The commit the run was made from.",
    "trace": "IDs that link the run to its parent and children (W3C Trace Context).",
    "summary": "Counts of the whole run, not subject to size limits.",
    "playbook": "Playbook run: file, plays, tags, limit, inventory, collections and roles.",
    "changes": "Planned change and outcome of each resource; for a playbook run, its tasks.",
    "hosts": "Result of each host of a playbook run.",
    "outputs": "Changed outputs of the root module.",
    "drift": "Drift: resources changed outside of the tool.",
    "checks": "Checks and conditions that did not pass.",
    "failures": "Errors of the run.",
    "signals": "Risk signals: notable facts derived from the changes, each with a reason.",
    "causes": "Causes of the changes, each with how many changes share it, most changes first.",
    "inputs": "Fingerprints of the root variables, versions of modules and providers: the next run compares them.",
    "state": "A change of the state alone: the subcommand, serial and lineage before and after. changes then lists "
    "entries of the state, and summary.state counts them.",
    "backfilled": "Of an event that `events backfill` made of history: where it was read from. It was not recorded "
    "while it happened: who made the changes, from which commit and with which outcome is not known.",
    "stacks": "A run of many stacks: its units, the state of each, and the ID of its event. summary, failures, "
    "signals and causes are then those of all units.",
    "links": "Related links.",
    "related": "Related events, e.g. those sent by a playbook.",
    "data": "Additional data of an explicit event.",
    "truncated": "Details omitted from this event to fit size limits.",
    "explicit": "True for events sent explicitly by a person or script, with their own title and message.",
    "partial": "Terraform reports the plan as incomplete: -target, deferrals or errors.",
}
