"""First on PYTHONPATH of commands under test: the product's fixed limits of time are far away.

They are of wall-clock time, as those who wait for a run need it, so a busy machine meets them; a test of one of them
runs without this file (``tests.support.speed.HURRIED``). Nothing else is changed.
"""

import importlib.machinery
import operator
import sys

LIMITS = {
    "change_events.cli.flush": ("_SILENT",),
    "change_events.context.git": ("SECONDS",),
    "change_events.delivery.probe": ("Probe.__init__",),
    "change_events.mcp.tools": ("SECONDS",),
    "change_events.machine.state_file": ("_LOCK_SECONDS",),
    "change_events.machine.systemd": ("_SECONDS",),
    "change_events.settings.destinations": ("_COMMAND_SECONDS",),
    "change_events.settings.values": ("_FILE_SECONDS",),
    "tf_wrapper.configuration.secrets": ("_SECONDS",),
    "tf_wrapper.plan.plan_file": ("_SECONDS",),
    "tf_wrapper.source.locate": ("_SECONDS",),
    "tf_wrapper.record.run_event": ("_SHOW_SECONDS",),
}
FACTOR = 30.0


class Patient:
    """Finds the modules of ``LIMITS`` as usual, and raises their limits once they are loaded."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in LIMITS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module

        def patiently(module):
            load(module)
            for limit in LIMITS[name]:
                value = operator.attrgetter(limit)(module)
                if callable(value):  # the limit is the default of an argument
                    raised = {k: v * FACTOR if isinstance(v, float) else v for k, v in value.__kwdefaults__.items()}
                    value.__kwdefaults__ = raised
                else:
                    setattr(module, limit, value * FACTOR)

        spec.loader.exec_module = patiently
        return spec


sys.meta_path.insert(0, Patient)
