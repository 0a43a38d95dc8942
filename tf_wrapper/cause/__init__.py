"""Causes of planned changes: from the changed attribute to the edited line, and the commits that edited it.

A cause is reported on evidence only. The configuration of this run is compared with that of the last run that applied
the resource, expression by expression (:mod:`walk`, :mod:`compare`). A commit is named where the expression differs
between the commit and its parents (:mod:`history`). Where no edit explains a change, :mod:`circumstances` looks for
other differences. What remains is recorded as unknown, with the reason.
"""

from tf_wrapper.cause.find import find_causes

__all__ = ["find_causes"]
