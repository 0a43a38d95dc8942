"""Ids are UUIDs of version 7 that grow."""

import uuid

from change_events.ids import new_id


def test_ids_grow_and_are_version_7():
    made = [new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in made} == {(7, uuid.RFC_4122)}
