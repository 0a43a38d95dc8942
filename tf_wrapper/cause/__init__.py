"""Why a planned change happens: from the changed attribute to the line that was edited, and its commits.

A cause is named on evidence only. The configuration of this run is compared with that of the last run that applied the
resource, expression by expression (:mod:`walk`, :mod:`compare`), and a commit is named where the expression differs
between the commit and its parents (:mod:`history`). Where no edit explains a change, :mod:`circumstances` looks for
what else differs. What stays open is recorded as unknown, with the reason.
"""

from tf_wrapper.cause.find import find_causes

__all__ = ["find_causes"]
