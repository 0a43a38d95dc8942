"""Creates the redactor of a command, the same for recording, sending and printing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from change_events.paths import state_dir
from change_events.redact import Redactor, RedactPolicy, load_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from change_events.settings import Settings

_NO_SECRETS = {"PWD", "OLDPWD"}  # no passwords, whatever their names say
_MIN_SECRET = 8  # shorter values of secret-looking environment variables are too common to scrub


def redactor_of(settings: Settings, environ: Mapping[str, str]) -> Redactor:
    """Return the redactor of a run: the settings' rules, the installation's key, and values of secret variables.

    Args:
        settings: the valid part of the settings.
        environ: variables whose secret values are hidden everywhere; empty if they are another run's.
    """
    policy = RedactPolicy(values=settings.values, names=settings.redact_names, patterns=settings.redact_patterns)
    redactor = Redactor(policy, load_key(Path(state_dir())))
    for name, value in environ.items():
        secret = name not in _NO_SECRETS and len(value) >= _MIN_SECRET and redactor.is_sensitive_name(name)
        if secret and not os.path.exists(value):  # noqa: PTH110 - the path of a credentials file is no secret; any text may stand here
            redactor.harvest({name: value})
    return redactor
