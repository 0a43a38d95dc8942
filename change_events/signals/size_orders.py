"""Sizes of machines and services as providers name them, each with the order in which it can be compared.

A name is read as a family and figures. Two names are compared only within one family, and one is smaller only if none
of its figures is larger and one is smaller: what is outside of one order has changed, and was not lowered. Sources:

* AWS: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html; ``metal`` has no place in it.
* Azure: https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions; before it the number is no count of
  CPUs (``D11_v2`` has fewer than ``D5_v2``), so that it is compared within its series only.
* App Service, SQL and gateways: the vendor's pages of prices and limits (CPUs, DTUs).
* Google: https://cloud.google.com/compute/docs/machine-resource and https://cloud.google.com/sql/docs/postgres/instance-settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from change_events.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Callable


class Size(NamedTuple):
    """A size: figures are compared within one family only."""

    family: str
    figures: tuple[float, ...]

    def is_below(self, other: Size) -> bool:
        """Whether it is smaller for sure."""
        if self.family != other.family or len(self.figures) != len(other.figures) or self == other:
            return False
        return all(mine <= theirs for mine, theirs in zip(self.figures, other.figures, strict=True))


_AWS_SMALL = ("nano", "micro", "small", "medium", "large", "xlarge")
_AWS = lazy_pattern(
    r"((?:[a-z]+\.)?[a-z][a-z0-9-]*)\.(nano|micro|small|medium|large|xlarge|xlplus|(\d{1,3})xlarge)(\.[a-z]+)?"
)
_AZURE = lazy_pattern(r"(Standard|Basic)_([A-Z]+)(\d{1,4})(?:-(\d{1,4}))?([a-z]*)((?:_[A-Za-z0-9]+)*)")
_AZURE_B = {  # CPUs and GiB of the first burstable series, whose letters give the memory
    "1ls": (1, 0.5), "1s": (1, 1), "1ms": (1, 2), "2s": (2, 4), "2ms": (2, 8), "4ms": (4, 16), "8ms": (8, 32),
    "12ms": (12, 48), "16ms": (16, 64), "20ms": (20, 80),
}  # fmt: skip
_AZURE_OLD = {("A", ""), ("D", ""), ("DS", ""), ("D", "_v2"), ("DS", "_v2"), ("G", ""), ("GS", "")}
_GCE = lazy_pattern(r"([a-z]{1,2}\d[a-z]?-[a-z]+)-(\d{1,4})(g?(?:-[a-z]+)?)")
_GCE_CUSTOM = lazy_pattern(r"((?:[a-z]\d[a-z]?-)?custom)-(\d{1,4})-(\d{1,8})(-ext)?")
_GCE_SHARED = {"e2-micro": 0, "e2-small": 1, "e2-medium": 2}
_CLOUD_SQL_SHARED = {"db-f1-micro": 0, "db-g1-small": 1}
_CLOUD_SQL = lazy_pattern(r"db-custom-(\d{1,4})-(\d{1,8})")
_CLOUD_SQL_SERIES = lazy_pattern(r"(db-(?:n1-[a-z]+|perf-optimized-N|memory-optimized-N))-(\d{1,4})")
_VCPU_GB = lazy_pattern(r"((?:db-)?[a-z0-9]{1,4})-(\d{1,3})vcpu-(\d{1,4})(mb|gb)((?:-[\w]+)*)")
_HETZNER = lazy_pattern(r"(cx|cpx|ccx|cax)(\d)(\d)")
_ORACLE = lazy_pattern(r"((?:VM|BM)\.[A-Za-z]+\d*)\.(\d{1,3})")
_ATLAS = lazy_pattern(r"([MR])(\d{1,4})(_NVME)?")

_APP = lazy_pattern(r"([FDBSPI])(\d)(m?v\d)?")
_APP_TIERS = "FDBSPI"
_Machines = dict[int, tuple[float, float]]
_BASIC_MACHINES: _Machines = {1: (1, 1.75), 2: (2, 3.5), 3: (4, 7)}
_MORE_MEMORY: _Machines = {1: (1, 3.5), 2: (2, 7), 3: (4, 14)}
_PREMIUM: _Machines = {0: (1, 4), 1: (2, 8), 2: (4, 16), 3: (8, 32)}
_PREMIUM_MEMORY: _Machines = {1: (2, 16), 2: (4, 32), 3: (8, 64), 4: (16, 128), 5: (32, 256)}
_ISOLATED: _Machines = {1: (2, 8), 2: (4, 16), 3: (8, 32), 4: (16, 64), 5: (32, 128), 6: (64, 256)}
_APP_MACHINES: dict[str, _Machines] = {  # CPUs and GiB, by tier and generation
    "F": {1: (0, 1)}, "D": {1: (0, 1)}, "B": _BASIC_MACHINES, "S": _BASIC_MACHINES, "P": _BASIC_MACHINES,
    "Pv2": _MORE_MEMORY, "I": _MORE_MEMORY, "Pv3": _PREMIUM, "Pv4": _PREMIUM, "Pmv3": _PREMIUM_MEMORY,
    "Pmv4": _PREMIUM_MEMORY, "Iv2": _ISOLATED,
}  # fmt: skip
_SQL_DTU = {
    "Basic": 5, "S0": 10, "S1": 20, "S2": 50, "S3": 100, "S4": 200, "S6": 400, "S7": 800, "S9": 1600, "S12": 3000,
    "P1": 125, "P2": 250, "P4": 500, "P6": 1000, "P11": 1750, "P15": 4000,
}  # fmt: skip
_SQL_CORES = lazy_pattern(r"(GP|BC|HS|GP_S|HS_S)_([A-Za-z0-9]+)_(\d{1,3})")
_FLEXIBLE = lazy_pattern(r"(B|GP|MO)_(Standard_.+)")
_GATEWAY = lazy_pattern(r"(Basic|(VpnGw|ErGw)(\d))(AZ)?")


def size(text: str) -> Size | None:
    """A name that says by itself of which order it is; None for any other."""
    for read in _READERS:
        if (found := read(text)) is not None:
            return found
    return None


def _aws(text: str) -> Size | None:
    found = _AWS.fullmatch(text)
    if not found:
        return None
    family, word, many, suffix = found.groups()
    rank = 5 + int(many) if many else 5.5 + 1 if word == "xlplus" else _AWS_SMALL.index(word) + (word == "xlarge")
    return Size(f"{family} {suffix or ''}", (rank,))


def _azure(text: str) -> Size | None:
    found = _AZURE.fullmatch(text)
    if not found:
        return None
    tier, letters, number, active, suffix, version = found.groups()
    if letters == "B" and not version and f"{number}{suffix}" in _AZURE_B:
        return Size("azure B", _AZURE_B[f"{number}{suffix}"])
    series = str((int(number) - 1) // 10) if (letters, version) in _AZURE_OLD else ""
    if (letters, version) == ("A", ""):
        series = "a" if int(number) <= 4 else "b" if int(number) <= 7 else "c"  # noqa: PLR2004 - A5 to A7 have more memory
    family = f"azure {tier} {letters}{suffix}{version} {series}{' constrained' if active else ''}"
    return Size(family, (int(number), int(active or number)))


def _google(text: str) -> Size | None:
    if text in _GCE_SHARED:
        return Size("e2 shared", (_GCE_SHARED[text],))
    if custom := _GCE_CUSTOM.fullmatch(text):
        return Size(f"{custom[1]}{custom[4] or ''}", (int(custom[2]), int(custom[3])))
    found = _GCE.fullmatch(text)
    return Size(f"{found[1]} {found[3]}", (int(found[2]),)) if found else None


def _cloud_sql(text: str) -> Size | None:
    if text in _CLOUD_SQL_SHARED:
        return Size("db-custom", (_CLOUD_SQL_SHARED[text], 0, 0))
    if custom := _CLOUD_SQL.fullmatch(text):
        return Size("db-custom", (2, int(custom[1]), int(custom[2])))
    found = _CLOUD_SQL_SERIES.fullmatch(text)
    return Size(found[1], (int(found[2]),)) if found else None


def _vcpu_gb(text: str) -> Size | None:
    found = _VCPU_GB.fullmatch(text)
    if not found:
        return None
    memory = int(found[3]) * (1 if found[4] == "mb" else 1024)
    return Size(f"{found[1]} {found[5]}", (int(found[2]), memory))


def _numbered(pattern: re.Pattern[str], family: tuple[int, ...], figure: int) -> Callable[[str], Size | None]:
    def read(text: str) -> Size | None:
        found = pattern.fullmatch(text)
        return Size(" ".join(found[group] or "" for group in family), (int(found[figure]),)) if found else None

    return read


_READERS: tuple[Callable[[str], Size | None], ...] = (
    _aws,
    _azure,
    _google,
    _cloud_sql,
    _vcpu_gb,
    _numbered(_HETZNER, (1, 3), 2),
    _numbered(_ORACLE, (1,), 2),
    _numbered(_ATLAS, (1, 3), 2),
)


def app_service(text: str) -> Size | None:
    """Plans of App Service: tier, CPUs and memory."""
    found = _APP.fullmatch(text)
    machine = _APP_MACHINES.get(f"{found[1]}{found[3] or ''}", {}).get(int(found[2])) if found else None
    return Size("app service", (_APP_TIERS.index(found[1]), *machine)) if found and machine else None


def sql(text: str) -> Size | None:
    """Azure SQL databases: tier and DTUs, or cores within one generation; business critical is above general."""
    if text in _SQL_DTU:
        return Size("sql DTU", ({"B": 0, "S": 1, "P": 2}[text[0]], _SQL_DTU[text]))
    found = _SQL_CORES.fullmatch(text)
    if not found:
        return None
    tier, generation, cores = found.groups()
    ranked = {"GP": (f"sql {generation}", 0), "BC": (f"sql {generation}", 1)}
    family, rank = ranked.get(tier, (f"sql {tier} {generation}", 0))
    return Size(family, (rank, int(cores)))


def flexible_server(text: str) -> Size | None:
    """Azure's flexible database servers: tier and machine."""
    found = _FLEXIBLE.fullmatch(text)
    machine = _azure(found[2]) if found else None
    return Size(f"{found[1]} {machine.family}", machine.figures) if found and machine else None


def gateway(text: str) -> Size | None:
    """Gateways of Azure's virtual networks, with and without zones."""
    found = _GATEWAY.fullmatch(text)
    if not found:
        return None
    return Size(f"gateway {found[2] or 'VpnGw'}", (int(found[3] or 0),))


ORDERS: dict[str, Callable[[str], Size | None]] = {
    "": size,
    "app_service": app_service,
    "sql": sql,
    "flexible_server": flexible_server,
    "gateway": gateway,
}
"""What may follow ``smaller``: how a name is read."""
