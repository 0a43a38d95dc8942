"""Every plan and state of the corpus, against the figures of its index."""

import csv
import re
from pathlib import Path

import msgspec
import pytest

from change_events.errors import InputError
from change_events.redact import Redactor
from tf_wrapper.plan.reader import read_plan, read_plans
from tf_wrapper.state.compare import compare_states, is_state, state_resources
from tf_wrapper.state.document import read_state

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
GOLDEN = ROOT / "tests" / "golden" / "plans"
HUMAN = re.compile(r"Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy")
FIELDS = {
    "create": ("create",),
    "update": ("update",),
    "destroy": ("delete",),
    "replace": ("replace_delete_create", "replace_create_delete"),
    "forget": ("forget",),
    "read": ("read",),
    "no_op": ("no_op",),
    "import_": ("importing",),
    "move": ("moved",),
    "drift": ("drift",),
    "outputs": ("output_changes_non_noop",),
    "invoke": ("action_invocations",),
}


def index(name):
    path = CORPUS / name
    if not path.exists():
        return []
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


PLANS, STATES = index("INDEX.tsv"), index("STATES.tsv")
PAIRS = sorted(CORPUS.glob("generated/states/*.before.tfstate.json"))
pytestmark = pytest.mark.filterwarnings("error")


def number(row, *columns):
    return sum(int(row[column] or 0) for column in columns)


@pytest.mark.skipif(not PLANS, reason="the corpus is not here")
@pytest.mark.parametrize("row", PLANS, ids=lambda row: row["path"])
def test_a_plan_of_the_corpus_has_the_counts_of_its_index(row):
    data = (CORPUS / row["path"]).read_bytes()
    if row["kind"].startswith("not valid"):
        with pytest.raises(InputError, match="not JSON"):
            read_plans(data, name=row["path"], redactor=Redactor())
        return
    plan, *others = read_plans(data, name=row["path"], redactor=Redactor())
    expected = {name: number(row, *columns) for name, columns in FIELDS.items()}
    found = {name: getattr(plan.counts, name) for name in FIELDS}
    found["drift"] += plan.counts.drift_not_shown
    assert found == expected
    assert plan.errored == (row["errored"] == "True")
    assert len(others) == (2 if row["kind"].startswith("stream") else 0)
    assert plan.counts.other == number(row, "other_actions")


def goldens():
    for folder in (GOLDEN, CORPUS / "generated" / "plans"):
        yield from sorted(folder.glob("*.golden.txt"))


@pytest.mark.parametrize("human", list(goldens()), ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_the_figures_are_those_that_terraform_prints(human):
    data = human.with_name(human.name.replace(".golden.txt", ".json")).read_bytes()
    counts = read_plan(data, name=human.name, redactor=Redactor()).counts
    printed = HUMAN.search(human.read_text())
    ours = (counts.import_, counts.create + counts.replace, counts.update, counts.destroy + counts.replace)
    assert ours == (tuple(int(figure or 0) for figure in printed.groups()) if printed else (0, 0, 0, 0))


@pytest.mark.skipif(not STATES, reason="the corpus is not here")
@pytest.mark.parametrize("row", STATES, ids=lambda row: row["path"])
def test_a_state_of_the_corpus_is_read_whole(row):
    data = (CORPUS / row["path"]).read_bytes()
    assert is_state(data)
    state = read_state(data, row["path"])
    assert len(state.objects) == number(row, "instances")
    assert sum(bool(part.deposed) for part in state.objects) == number(row, "deposed")
    assert sum(part.tainted for part in state.objects) == number(row, "tainted")
    managed = [part for part in state.objects if part.mode == "managed" and not part.deposed]
    assert state_resources(data).keys() == {part.address for part in managed}
    created = compare_states(None, data, redactor=Redactor())
    assert created.counts.create == len(managed)
    assert compare_states(data, data, redactor=Redactor()).changes == ()


@pytest.mark.skipif(not PAIRS, reason="the corpus is not here")
@pytest.mark.parametrize("before", PAIRS, ids=lambda path: path.name.partition(".")[0])
def test_two_real_states_differ_as_the_plan_between_them_said(before):
    after = before.with_name(before.name.replace(".before.", ".after."))
    plan = CORPUS / "generated" / "plans" / before.name.replace(".before.tfstate.json", ".json")
    stem = before.name.partition(".")[0]
    if not after.exists() or not plan.exists() or stem in DIFFERENT:
        pytest.skip(DIFFERENT.get(stem, "no pair"))
    found = compare_states(before.read_bytes(), after.read_bytes(), redactor=Redactor()).counts
    planned = read_plan(plan.read_bytes(), name=plan.name, redactor=Redactor()).counts
    names = ("create", "update", "replace", "destroy", "move")
    assert {name: getattr(found, name) for name in names} == {name: getattr(planned, name) for name in names}


DIFFERENT = {
    "checks__1": "the apply failed",
    "checks__2": "the apply failed",
    "prevent_destroy__1": "the plan failed",
    "forget_only__1": "a state cannot distinguish forgotten from destroyed",
    "removed_forget__1": "a state cannot distinguish forgotten from destroyed",
    "moved__1": "one resource was moved away and destroyed at its new address",
}


@pytest.mark.skipif(not PAIRS, reason="the corpus is not here")
@pytest.mark.parametrize("raw", PAIRS, ids=lambda path: path.name.partition(".")[0])
def test_raw_and_shown_forms_of_one_state_are_the_same(raw):
    shown = raw.with_name(raw.name.replace("tfstate", "show"))
    if not shown.exists():
        pytest.skip("no pair")
    plan = compare_states(raw.read_bytes(), shown.read_bytes(), redactor=Redactor())
    assert (plan.changes, plan.outputs) == ((), ())


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_a_golden_plan_is_one_that_can_be_recorded(path):
    plan = read_plan(path.read_bytes(), name=path.name, redactor=Redactor())
    assert msgspec.json.decode(msgspec.json.encode(plan), type=type(plan)) == plan
    assert b"hunter" not in msgspec.json.encode(plan)


OWN = ("arn", "id", "project", "region", "zone", "location")


def own_texts(document):
    """What may say where a plan's changes are: attributes of changed resources, provider settings, variables."""
    for entry in document.get("resource_changes") or ():
        change = entry["change"]
        if entry.get("mode") == "managed" and change["actions"] not in (["no-op"], ["read"]):
            sides = (side for side in (change.get("before"), change.get("after")) if isinstance(side, dict))
            yield from (str(side[name]).replace(" ", "").lower() for side in sides for name in OWN if side.get(name))
    settings = (document.get("configuration") or {}).get("provider_config") or {}
    yield msgspec.json.encode([settings, document.get("variables") or {}]).decode().lower()


@pytest.mark.skipif(not PLANS, reason="the corpus is not here")
def test_no_plan_of_the_corpus_is_said_to_be_where_nothing_says_so():
    places = []
    for row in PLANS:
        data = (CORPUS / row["path"]).read_bytes()
        try:
            plans = read_plans(data, name="plan", redactor=Redactor())
            document = msgspec.json.decode(data)
        except (InputError, msgspec.DecodeError):
            continue
        if len(plans) != 1 or not isinstance(document, dict):
            continue
        texts = list(own_texts(document))
        found = [place for cloud in plans[0].clouds for place in (*cloud.accounts, *cloud.regions)]
        assert not [place for place in found if not any(place.lower() in text for text in texts)], row["path"]
        places += found
    assert len(places) > 15
