"""The table: which terraform subcommands are observed.

A subcommand that is not here is exec'd untouched. The value says how an ordinary run of it is observed:
``plan`` (:mod:`tf_wrapper.modes.plan`) or ``apply`` (:mod:`tf_wrapper.modes.apply`); what cannot be, is
``native`` (:mod:`tf_wrapper.modes.native`). To observe another subcommand, add a row and, if none of the ways
fits, a module ``observe_<way>`` with ``run(invocation) -> int``.
"""

from __future__ import annotations

OBSERVED: dict[str, str] = {
    "plan": "plan",
    "apply": "apply",
    "destroy": "apply",
}
