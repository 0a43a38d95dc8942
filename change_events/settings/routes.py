"""The routing of a destination in ``tfevent.yaml``: conditions, shape, and which runs it receives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from change_events.destinations.shared.conditions import FIGURES, VOCABULARIES, Figure, When, Words
from change_events.destinations.shared.route import Routing, Shape
from change_events.model import Severity
from change_events.settings.model import Key, Settings
from change_events.settings.values import Mistake, convert, did_you_mean, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from change_events.settings.model import Entry, KeyType

_POLICIES = ("none", "names", "safe")


def _key(name: str, type_: KeyType, help_: str, *, choices: tuple[str, ...] = (), field: str = "") -> Key:
    return Key(
        name=name, field=field or name, variable="", type=type_, help=help_, choices=choices, literal=type_ == "text"
    )


WHEN = "Conditions for delivery: all must match, or all of one map in a list."
KEYS = (
    _key("report", "choice", "Which runs are delivered.", choices=("changed", "always", "failed")),
    _key("plans", "choice", "Whether events of plans and checks are delivered.", choices=("send", "off")),
    _key(
        "include_started",
        "flag",
        "Also deliver an event when a run starts. When the run ends, it is updated where the backend supports that; "
        "otherwise a second event with the same run ID is sent.",
    ),
    _key(
        "stacks",
        "choice",
        "Of a run of many stacks (`tfevent events run --stacks`): `parent` delivers its event, `children` those of its "
        "units, `both` all of them, `failed` (the default) its event and those of units that failed.",
        choices=("failed", "parent", "children", "both"),
    ),
    _key("values", "choice", "How much of a value is sent: never more than the global setting.", choices=_POLICIES),
    _key("title_template", "text", "Jinja template of titles."),
    _key("title_template_file", "file", "File with the Jinja template of titles.", field="title_template"),
    _key("message_template", "text", "Jinja template of messages."),
    _key("message_template_file", "file", "File with the Jinja template of messages.", field="message_template"),
    _key("tags", "map", "Additional tags for this destination."),
    _key("map_tags", "map", "Tag names at this destination, by tag name in tfevent, e.g. `env: environment`."),
)
NAMES_HERE = ("when", *(key.name for key in KEYS))
"""The keys that every kind of destination has beside its options."""


class Condition(NamedTuple):
    """One row of the table of conditions."""

    name: str
    type: str
    help: str


CONDITIONS = (
    Condition("kind", "words", "Kind of event."),
    Condition("phase", "words", "Phase of the event: `planned`, `applied`, `checked`."),
    Condition("outcome", "words", "Outcome of the run; a run in progress has none."),
    Condition("environment", "globs", "Environment of the event."),
    Condition("service", "globs", "Service of the event."),
    Condition("tool", "globs", "Tool that was run: `terraform`, `tofu`, `ansible`; of `run`, the command's name."),
    Condition("severity", "severity", "Minimum severity: `info`, `warning`, `error`."),
    Condition("signals", "globs", "Names of risk signals, at least one of which the event has."),
    Condition("counts", "figures", 'Figures, such as `destroy: ">0"`; of an applied run, of what was really done.'),
    Condition("tags", "globs by name", "Tags of the event, by name."),
    Condition("explicit", "flag", "Whether the event was sent explicitly by a person or script."),
)


UNDECIDED = "undecided"  # it is not known which events it should get
UNUSABLE = "unusable"  # that is known, but not what they should look like there
_DECIDING = {"when", "report", "plans", "include_started", "stacks"}


class Place(NamedTuple):
    """The place of a destination, and the settings for its texts.

    ``problems`` takes mistakes, ``faults`` their consequences: :data:`UNDECIDED`, :data:`UNUSABLE`.
    """

    label: str  # "destinations.NAME"
    base: Path
    environ: Mapping[str, str]
    problems: list[str]
    faults: set[str]

    def report(self, entry: Entry, name: str, problem: object) -> None:
        """Note one mistake with file, line and key. A mistake in a template does not affect routing."""
        if not name.partition("_file")[0].endswith("_template"):
            self.faults.add(UNDECIDED if name.partition(".")[0] in _DECIDING else UNUSABLE)
        self.problems.append(f"{entry.where}: {self.label}.{name}: {problem}")


def read(given: Mapping[str, Entry], place: Place, settings: Settings) -> Routing:
    """Return the routing of one destination from its keys of :data:`NAMES_HERE`; mistakes go to the place's problems.

    Args:
        given: the entries under the destination, without its options.
        place: the destination.
        settings: the global settings.
    """
    fields: dict[str, Any] = {}
    for key in KEYS:
        if entry := given.get(key.name):
            try:
                value = convert(key, plain(entry, place.environ, literal=key.literal, typed=key.typed), place.base)
                fields.setdefault(key.field, _checked(key, value))
            except Mistake as mistake:
                place.report(entry, key.name, mistake)
    return Routing(
        when=_when(given["when"], place) if "when" in given else (),
        report=fields.get("report"),
        plans=fields.get("plans"),
        include_started=fields.get("include_started", False),
        stacks=fields.get("stacks", "failed"),
        shape=_shape(fields, settings),
    )


def without_files(given: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the entries under a destination without files, which are not read without consent."""
    return {name: entry for name, entry in given.items() if not name.endswith("_file")}


def warnings(name: str, given: Mapping[str, Entry], settings: Settings) -> list[str]:
    """Yield valid keys of a destination that have no effect."""
    if "values" in given and settings.values != "safe" and given["values"].value == "safe":
        where = given["values"].where
        return [
            f"{where}: destinations.{name}.values: nothing shows here what `values: {settings.values}` hides for all"
        ]
    return []


def _checked(key: Key, value: Any) -> Any:
    """Return ``value`` if it meets the constraints of destinations. Raises Mistake."""
    if key.name == "map_tags":
        if not all(value.values()):
            raise Mistake("expected a name for each tag")
        if len(set(value.values())) < len(value):
            raise Mistake("two tags would have the same name: name them apart")
    elif key.field.endswith("_template"):
        from change_events.templates.rendering import problem  # Jinja is for those who use it

        if wrong := problem(value):
            raise Mistake(wrong)
    return value


def _shape(found: Mapping[str, Any], settings: Settings) -> Shape | None:
    """Return the shape of events; None if it is the default."""
    hides = settings.values == "safe" and found.get("values", "safe") != "safe"
    own = {name: found[name] for name in ("title_template", "message_template", "tags", "map_tags") if name in found}
    if not own and not hides:
        return None
    if hides:
        templates = {"title_template": settings.title_template, "message_template": settings.message_template}
        own = {**templates, **own, "values": found["values"]}
    return Shape(
        **own,
        message_bytes=settings.message_bytes,
        redact_names=settings.redact_names,
        redact_patterns=settings.redact_patterns,
    )


def _when(entry: Entry, place: Place) -> tuple[When, ...]:
    maps = entry.value if isinstance(entry.value, list) else [entry]
    found: list[When] = []
    for one in maps:
        if not isinstance(one.value, dict) or not one.value:
            place.report(one, "when", f"expected conditions under it: {', '.join(c.name for c in CONDITIONS)}")
        else:
            found.append(_conditions(one.value, place))
    if not maps:
        place.report(entry, "when", "is an empty list: remove it, or write conditions")
    return tuple(found)


def _conditions(given: Mapping[str, Entry], place: Place) -> When:
    conditions: dict[str, Any] = {}
    types = {condition.name: condition.type for condition in CONDITIONS}
    for name, entry in given.items():
        if name not in types:
            place.report(entry, f"when.{name}", f"no such condition{did_you_mean(name, types)}")
        elif types[name] in {"figures", "globs by name"}:
            conditions[name] = _by_name(name, entry, place)
        else:
            try:
                conditions[name] = _condition(
                    name, types[name], plain(entry, place.environ, typed=types[name] == "flag")
                )
            except Mistake as mistake:
                place.report(entry, f"when.{name}", mistake)
    return When(**conditions)


def _condition(name: str, type_: str, value: Any) -> Any:
    if type_ == "flag":
        return convert(_key(name, "flag", ""), value, _NOWHERE)
    if type_ == "severity":
        words = [word.value for word in Severity]
        if value not in words:
            raise Mistake(f"expected one of {', '.join(words)}{did_you_mean(str(value), words)}")
        return Severity(value)
    return _words(value, known(name), closed=type_ == "words")


_NOWHERE: Any = None  # a flag has no path that could be relative


def known(condition: str) -> tuple[str, ...]:
    """Return the words that a condition can match, if they are known in advance."""
    if condition == "signals":
        from change_events import signals  # its patterns are for those who name some

        return signals.NAMES
    return tuple(word.value for word in VOCABULARIES.get(condition, ()))


def _words(value: Any, known: tuple[str, ...], *, closed: bool) -> Words:
    """Return globs, one or a list; each must match a known word, if these are known. Raises Mistake."""
    items = value if isinstance(value, list) else [value]
    if not items or any(isinstance(item, (dict, list)) or item is None for item in items):
        raise Mistake("expected a text or a list of texts; * and ? stand for any text and any character")
    globs = [str(item) for item in items]
    for glob in globs:
        bare = glob.removeprefix("!")
        if known and bare and not any(Words.of(bare).match(word) for word in known):
            near = did_you_mean(bare, known)
            if near or closed:
                raise Mistake(f"expected one of {', '.join(known)}{near}")
    return Words.of(*globs)


def _by_name(name: str, entry: Entry, place: Place) -> dict[str, Any]:
    if not isinstance(entry.value, dict) or not entry.value:
        example = 'destroy: ">0"' if name == "counts" else "team: core"
        place.report(entry, f"when.{name}", f"expected names and conditions under it, such as {example}")
        return {}
    found: dict[str, Any] = {}
    for inner, child in entry.value.items():
        try:
            value = plain(child, place.environ, typed=name == "counts")
            found[inner] = _figure(inner, value) if name == "counts" else _words(value, (), closed=False)
        except Mistake as mistake:
            place.report(child, f"when.{name}.{inner}", mistake)
    return found


def _figure(name: str, value: Any) -> Figure:
    if name not in FIGURES:
        near = did_you_mean(name, FIGURES) or f": there are {', '.join(FIGURES)}"
        raise Mistake(f"no such figure{near}")
    try:
        return Figure.parse("" if isinstance(value, bool) else str(value).strip())
    except ValueError as error:
        raise Mistake('expected a comparison with a whole number, such as ">0", ">=2" or 0') from error
