# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.operations.command import Outcome
from loadstone.model.operations.fleet import Seen, Step, Want
from loadstone.model.operations.reading import Reading, Reason, State
from loadstone.services.operations.book import FleetBook
from tests.services.operations.living_site import RATED_W, machines_of, terms_of


def book_of(count=3):
    return FleetBook(terms_of(), machines_of(count), {})


def reading(state=State.RUNNING, began_s=10.0, reason=Reason.NONE, power_w=3000.0):
    told = state is not State.UNKNOWN
    return Reading(
        state=state,
        reason=Reason.NONE if told else (reason or Reason.TIMEOUT),
        began_s=began_s,
        ended_s=began_s + 0.1,
        power_w=power_w if told else None,
        hashrate_th=90.0 if told else None,
    )


def test_before_anything_is_read_every_machine_is_unknown_and_nothing_is_wanted_stopped():
    view = book_of().view()
    assert (view.seen == Seen.UNKNOWN).all()
    assert (view.want == Want.RUN).all()
    assert (view.dispatched_s == -np.inf).all()
    assert (view.full_w == RATED_W).all()


def test_an_answer_is_kept_with_the_time_it_was_asked():
    book = book_of()
    book.take_reading(1, reading())
    assert (book.seen[1], book.read_began_s[1], book.power_w[1]) == (Seen.RUNNING, 10.0, 3000.0)


def test_a_machine_that_does_not_answer_is_unknown_at_once_and_its_watts_with_it():
    book = book_of()
    book.take_reading(1, reading(State.STOPPED, power_w=20.0))
    book.take_reading(1, reading(State.UNKNOWN, began_s=15.0, reason=Reason.REFUSED))
    assert book.seen[1] == Seen.UNKNOWN
    assert np.isnan(book.power_w[1])
    assert book.reasons[1] is Reason.REFUSED
    assert (book.read_began_s[1], book.tried_s[1]) == (10.0, 15.0)


def test_an_answer_that_was_asked_before_the_last_one_is_left_out():
    book = book_of()
    book.take_reading(0, reading(State.RUNNING, began_s=20.0))
    book.take_reading(0, reading(State.STOPPED, began_s=19.0))
    assert book.seen[0] == Seen.RUNNING


def test_what_is_old_says_nothing_any_more():
    book = book_of()
    book.take_reading(0, reading(began_s=0.0))
    book.take_reading(1, reading(began_s=15.0))
    book.age(30.0, stale_s=20.0)
    assert list(book.seen[:2]) == [Seen.UNKNOWN, Seen.RUNNING]
    assert book.reasons[0] is Reason.STALE


def test_another_machine_at_the_address_makes_it_unknown_whatever_that_one_says():
    book = book_of()
    book.mark_wrong(0, True, 5.0)
    book.take_reading(0, reading(State.STOPPED))
    assert book.seen[0] == Seen.UNKNOWN
    assert book.reasons[0] is Reason.WRONG_MACHINE
    assert book.view().held_elsewhere[0]


def test_a_command_that_did_not_arrive_is_pending_and_one_that_may_have_is_not():
    for accepted, reason, step in [
        (True, Reason.NONE, Step.DISPATCHED),
        (False, Reason.DENIED, Step.PENDING),
        (None, Reason.REFUSED, Step.PENDING),
        (None, Reason.TIMEOUT, Step.DISPATCHED),
    ]:
        book = book_of()
        book.sending(0, 7.0)
        book.sent(0, Outcome(accepted=accepted, reason=reason, sent_s=7.0, ended_s=8.0))
        assert book.step[0] == step
        assert book.dispatched_s[0] == 8.0  # only a reading begun after the answer counts


def test_starts_of_the_last_day_are_counted():
    book = book_of()
    for at_s in (0.0, 50_000.0, 80_000.0):
        book.sending(2, at_s)
    assert book.starts[2] == 3
    book.forget_starts(100_000.0)
    assert book.starts[2] == 2


states = st.sampled_from(list(State))


@given(st.lists(st.tuples(st.integers(0, 2), states, st.floats(0, 100)), max_size=30))
def test_only_the_last_answer_counts_and_an_unknown_one_has_no_watts(readings):
    book = book_of()
    last = {}
    for i, state, began_s in readings:
        book.take_reading(i, reading(state, began_s=began_s))
        if i not in last or began_s >= last[i][1]:
            last[i] = (state, began_s)
    for i, (state, began_s) in last.items():
        assert ("unknown", "running", "stopped")[book.seen[i]] == state
        assert book.tried_s[i] == began_s
        assert np.isnan(book.power_w[i]) == (state is State.UNKNOWN)
