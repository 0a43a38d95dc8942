"""The callback of tfevent with a stopwatch on each of its hooks; writes what it read to ``$BENCH_STOPWATCH``."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

from ansible_collections.tfevent.infra.plugins.callback import change_events

DOCUMENTATION = """
name: stopwatch
type: notification
short_description: The callback of tfevent, timed
description: Is tfevent.infra.change_events, and writes how long each of its hooks took.
"""


class CallbackModule(change_events.CallbackModule):
    CALLBACK_NAME = "stopwatch"

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.cpu, self.calls = Counter(), Counter()

    def get_option(self, name, hostvars=None):  # noqa: ARG002 - options are those of tfevent; TFEVENT_* count
        return None

    def write(self):
        read = {hook: [self.calls[hook], cpu] for hook, cpu in self.cpu.items()}
        Path(os.environ["BENCH_STOPWATCH"]).write_text(json.dumps(read))


def _timed(name):
    hook = getattr(change_events.CallbackModule, name)

    def timed(self, *given, **named):
        begun = time.thread_time()
        hook(self, *given, **named)
        self.cpu[name] += time.thread_time() - begun
        self.calls[name] += 1
        if name == "v2_playbook_on_stats":
            self.write()

    return timed


for _name in [name for name in vars(change_events.CallbackModule) if name.startswith("v2_")]:
    setattr(CallbackModule, _name, _timed(_name))
