"""Cases of every row of the table of signals: values before and after, made from its direction."""

import json
from typing import Any, NamedTuple

from change_events.signals.table import Row, steps_of, table

_AMOUNTS = {
    "": (7, 3), "duration": ("604800s", "3600s"), "quantity": ("1500m", "1"), "tls": ("TLS1_2", "TLS1_0"),
}  # fmt: skip
_SIZES = {
    "aws": ("t3.large", "t3.micro"), "azurerm": ("Standard_D4s_v5", "Standard_D2s_v5"),
    "google": ("n2-standard-8", "n2-standard-4"), "linode": ("g6-standard-4", "g6-standard-2"),
    "digitalocean": ("s-2vcpu-4gb", "s-1vcpu-2gb"), "oci": ("VM.Standard2.4", "VM.Standard2.2"),
    "mongodbatlas": ("M30", "M10"),
    "sql": ("S3", "S0"), "app_service": ("P2v3", "P1v3"), "gateway": ("VpnGw2", "VpnGw1"),
    "flexible_server": ("GP_Standard_D4s_v3", "GP_Standard_D2s_v3"),
}  # fmt: skip
_CHART = "replicaCount: {}\nimage:\n  tag: 1.2.3\n"
_WORLD = {"start_ip_address": ("10.0.0.1", "0.0.0.0"), "start_ip": ("10.0.0.1", "0.0.0.0"),
          "end_ip_address": ("10.0.0.9", "255.255.255.255")}  # fmt: skip


class Case(NamedTuple):
    """One row, and what it must signal; ``turned`` says whether the way back must be silent."""

    kind: str
    row: Row
    before: dict[str, Any]
    after: dict[str, Any]
    turned: bool


def cases():
    """All cases of all rows of all types."""
    for kind, rows in table().items():
        for row in rows:
            for form in row.forms:
                for before, after in _values(kind, row, form):
                    sides = (_object(row, value) for value in (before, after))
                    yield Case(kind, row, *sides, turned=form not in {"any", "version"})


def _object(row, value):
    found: dict[str, Any] = {}
    for condition in row.given:
        path, sign, wanted = condition.partition("=")
        if not condition.startswith(("!", "same:", "before:")) and not path.endswith("!"):
            put(found, steps_of(path), wanted if sign else "x")
    put(found, row.steps, value)
    return found


def put(found, steps, value):
    """Set what is at a path, in blocks of one element."""
    *above, last = steps
    for step in above:
        found = found.setdefault(step, [{}])[0]
    found[last] = value


def _values(kind, row, form):
    word, _, argument = form.partition(" ")
    if "->" in form and word != "each":
        yield from _words(form)
    elif word in {"lower", "higher"}:
        units = [unit for unit in argument.split() if "=" not in unit]
        sides = _AMOUNTS[units[0] if units else ""]
        if row.path == "ssl_policy":
            sides = ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08")
        yield sides if word == "lower" else sides[::-1]
        if "=endless" in argument:
            yield int(argument.partition("=")[0]), sides[1]
    elif word == "smaller":
        yield _SIZES[argument or kind.partition("_")[0]]
    elif word == "down":
        for chain in argument.split(";"):
            yield chain.split("<")[-1], chain.split("<")[-2]
    else:
        yield _OTHERS[word](row, argument)


def _words(form):
    old, _, new = form.removeprefix("was ").removeprefix("existing ").partition("->")
    for one in old.split("|"):
        for other in new.split("|"):
            yield _typed({"": None, "changed": "another"}.get(one, one)), _typed(other)


def _typed(word):
    return {"true": True, "false": False}.get(word, word)


def _world(row, _):
    last = row.steps[-1]
    if last in _WORLD:
        return _WORLD[last]
    sides = ("fd00::/8", "::/0") if "ipv6" in last else ("10.0.0.0/8", "0.0.0.0/0")
    return tuple([side] for side in sides) if last.endswith("s") else sides


def _everybody(row, _):
    if row.path in {"member", "members"}:
        sides = ("user:ada@example.com", "allUsers")
        return tuple([side] for side in sides) if row.path == "members" else sides
    return tuple(_document(Principal={"AWS": who}) for who in ("arn:aws:iam::123456789012:root", "*"))


def _document(**more):
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "a:Get", "Resource": "arn:x", **more}]})


_OTHERS = {
    "world": _world,
    "everybody": _everybody,
    "policy": lambda _, __: (_document(), _document(Action="*")),
    "fewer": lambda _, __: (["a", "b"], ["a"]),
    "loses": lambda _, __: ([{"name": "a"}, {"name": "b"}], [{"name": "a"}]),
    "emptied": lambda _, __: (["a"], []),
    "removed": lambda _, __: ("x", None),
    "added": lambda _, __: ([], [{}]),
    "any": lambda _, __: ("one", "two"),
    "each": lambda _, __: ("deny(403)", "allow"),
    "matching": lambda _, __: ("/subscriptions/0-1/resourceGroups/web", "/subscriptions/0-1"),
    "version": lambda _, __: ("web:1.2.3", "web:1.3.0"),
    "helm": lambda row, _: tuple(
        [_CHART.format(number)] if row.path == "values" else [{"name": "replicaCount", "value": str(number)}]
        for number in (3, 1)
    ),
}
