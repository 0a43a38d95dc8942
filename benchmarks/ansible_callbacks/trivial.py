"""The least that a callback can do: count results and changes."""

from __future__ import annotations

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: trivial
type: notification
short_description: Count results
description: Counts results and changes.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "trivial"

    def __init__(self):
        super().__init__()
        self.results = self.changes = 0

    def v2_runner_on_ok(self, result):
        self.results += 1
        self.changes += result.is_changed()

    def v2_runner_on_failed(self, result, ignore_errors=False):  # noqa: ARG002 - by name, as Ansible calls it
        self.results += 1

    def v2_runner_on_skipped(self, result):  # noqa: ARG002 - the same
        self.results += 1
