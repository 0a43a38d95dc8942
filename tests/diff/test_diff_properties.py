"""Properties of the comparison, over any JSON."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from change_events.diff import Number, diff, same
from change_events.diff.equality import freeze, leaves
from change_events.diff.lists import align
from change_events.diff.walk import _Walk
from change_events.redact import Redactor

SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", "b", "c"]) | st.just(Number("1.50"))
KEYS = st.sampled_from(["a", "b", "name", "x y", "z.z"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
REDACTOR = Redactor()


class Recorder(_Walk):
    """The walk, keeping the steps of every path it reports."""

    def __init__(self):
        super().__init__(REDACTOR, (), (), None)
        self.steps = []

    def _emit(self, path, node, **more):
        self.steps.append(path)
        super()._emit(path, node, **more)


@given(OBJECTS)
def test_equal_objects_have_no_difference(value):
    assert diff(value, value, redactor=REDACTOR) == []


@given(OBJECTS, OBJECTS)
def test_a_difference_is_found_exactly_where_there_is_one(before, after):
    assert bool(diff(before, after, redactor=REDACTOR)) is not same(before, after)


def objects_only(value):
    """Return the path up to the first list: from there on positions depend on the alignment."""
    for place, step in enumerate(value):
        if isinstance(step, int):
            return value[:place]
    return value


@given(OBJECTS, OBJECTS)
def test_every_differing_leaf_lies_under_a_reported_path(before, after):
    from change_events.diff.walk import Node

    walk = Recorder()
    walk.visit((), Node(before, after))
    for path, _ in leaves(before) ^ leaves(after):
        start = objects_only(path)
        assert any(objects_only(found)[: len(start)] == start[: len(objects_only(found))] for found in walk.steps)


@given(OBJECTS, OBJECTS, st.booleans())
def test_nothing_under_a_mask_of_the_whole_is_shown(before, after, first):
    masks = {"before_sensitive": first, "after_sensitive": not first}
    for change in diff(before, after, redactor=REDACTOR, **masks):
        assert change.before.text is None
        assert change.after.text is None


@given(st.lists(VALUES, max_size=8), st.lists(VALUES, max_size=8))
def test_an_alignment_accounts_for_every_element(before, after):
    keys = [freeze(value) for value in before], [freeze(value) for value in after]
    found = align(before, after, *keys)
    left = Counter(
        key for index, key in enumerate(keys[0]) if index not in {*found.removed, *(i for i, _ in found.changed)}
    )
    right = Counter(
        key for index, key in enumerate(keys[1]) if index not in {*found.added, *(j for _, j in found.changed)}
    )
    assert left == right
    assert len(before) - len(found.removed) == len(after) - len(found.added)


@given(st.lists(OBJECTS, max_size=8), st.randoms(use_true_random=False))
def test_blocks_in_another_order_are_at_most_one_difference(blocks, random):
    shuffled = random.sample(blocks, len(blocks))
    assert len(diff({"b": blocks}, {"b": shuffled}, redactor=REDACTOR)) <= 1


@given(st.lists(OBJECTS, max_size=8), OBJECTS, st.integers(min_value=0, max_value=8))
def test_a_block_put_anywhere_is_one_difference(blocks, added, place):
    after = [*blocks[:place], added, *blocks[place:]]
    assert len(diff({"b": [{"k": 1}, *blocks]}, {"b": [{"k": 1}, *after]}, redactor=REDACTOR)) == 1


@given(VALUES, VALUES)
def test_frozen_values_are_equal_exactly_where_the_values_are(before, after):
    assert (freeze(before) == freeze(after)) is same(before, after)
