"""A start that was kept beside a locked journal, of an event that is discarded: it must not come back."""

from change_events.journal import Journal, Query, spool
from tests.support.sealed import sealed


def kept(path, number):
    one = sealed(number, outcome=None, ended_at=None)
    spool.keep(path, spool.Entry("start", 1.0, one.event.id, body=one.body))
    return one.event.id


def listed(path):
    with Journal.open(path) as journal:
        return [record.id for record in journal.list(Query(limit=None))]


def test_a_start_that_is_still_kept_goes_with_its_event(tmp_path):
    """The journal was locked when it was opened, so that nothing was taken in, and free when it was written."""
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        gone, stays = kept(path, 1), kept(path, 2)
        assert journal.discard(gone)
    assert listed(path) == [stays]


def test_a_start_that_another_process_has_taken_in_and_discarded_is_not_taken_in_again(tmp_path, monkeypatch):
    path = tmp_path / "journal.db"
    with Journal.open(path):
        pass
    gone = kept(path, 1)
    decode = spool.msgspec.msgpack.decode

    def slow(*words, **more):
        """Between reading the entry and writing the journal, another process does all of it."""
        entry = decode(*words, **more)
        monkeypatch.undo()
        with Journal.open(path) as other:
            other.discard(gone)
        return entry

    monkeypatch.setattr(spool.msgspec.msgpack, "decode", slow)
    assert listed(path) == []
