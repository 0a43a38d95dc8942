"""Writes every result that Ansible has for its callbacks to a file, one JSON object a line: for tests."""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = "name: results\ntype: notification\nshort_description: results as JSON lines\ndescription: for tests"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"

    def _write(self, status, result):
        task, host, data = result._task, result._host, result._result
        line = {"status": status, "task": task.get_name(), "host": host.get_name(), "result": data}
        with open(os.environ["RESULTS_FILE"], "a") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("failed", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)
