# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.finance.waterfall import Project, distribute_many, run
from loadstone.model.errors import InputError
from loadstone.model.finance.deal import Clawback, Deal, Fees, Hurdle, Tranche

FULL = (Hurdle(rate=0.08, carry=0.20, catch_up=1.0),)
LADDER = (Hurdle(rate=0.06, carry=0.1, catch_up=0.4), Hurdle(rate=0.12, carry=0.3))
DEAL = Deal(
    id="platform",
    style="european",
    currency="USD",
    commitment=1e6,
    tranches=(
        Tranche(investor="fund-a", commitment=6e5),
        Tranche(investor="own", commitment=4e5, carried=False),
    ),
    hurdles=FULL,
    days="30/360",
    source="entered for this test",
)
AMERICAN = replace(DEAL, style="american", clawback=Clawback(tax_share=0.2, interest=0.05))


def exactly(deal, flows, allowed=None):
    """What the exact form finds for one future, as (parties, Y)."""
    count = flows.shape[1]
    days = [date(2027 + y, 1, 1) for y in range(count)]
    projects = [
        Project(
            id=f"p{i}",
            units=tuple(round(100 * float(x)) for x in row),
            may_pay=()
            if allowed is None
            else tuple(tuple(bool(x) for x in allowed[y, i]) for y in range(count)),
        )
        for i, row in enumerate(flows)
    ]
    out = np.zeros((len(deal.parties), count))
    for posting in run(deal, "USD", projects, days):
        out[deal.parties.index(posting.party), posting.month] += posting.units / 100
    return out


terms = st.builds(
    replace,
    st.sampled_from([DEAL, AMERICAN]),
    hurdles=st.sampled_from([FULL, LADDER, (Hurdle(rate=0.0, carry=0.2),), ()]),
    calls=st.sampled_from(["pro rata", "in order"]),
    compounding=st.sampled_from(["simple", "compound"]),
    recallable=st.booleans(),
    fees=st.sampled_from([Fees(), Fees(management=0.02, acquisition=0.01)]),
)


@settings(max_examples=80)
@given(terms, st.integers(0, 2**32 - 1))
def test_random_yearly_flows_go_as_in_the_exact_form_but_for_rounding(deal, seed):
    rng = np.random.default_rng(seed)
    futures, groups, years = 3, int(rng.integers(1, 4)), int(rng.integers(2, 8))
    flows = np.round(rng.normal(3_000, 12_000, (futures, groups, years)), 2)
    flows[np.abs(flows) < 1_000] = 0.0  # a call of few cents leaves parts that are far off
    found = distribute_many(flows, deal)
    for n in range(futures):
        np.testing.assert_allclose(found[n], exactly(deal, flows[n]), atol=0.5)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_who_may_not_pay_is_the_same_in_both(seed):
    rng = np.random.default_rng(seed)
    flows = np.round(rng.normal(2_000, 9_000, (2, 2, 5)), 2)
    allowed = np.ones((5, 2, 2), dtype=bool)
    allowed[:, 0, 0] = False  # fund-a has no part in the first
    found = distribute_many(flows, DEAL, allowed=allowed)
    for n in range(2):
        np.testing.assert_allclose(found[n], exactly(DEAL, flows[n], allowed), atol=0.5)


@settings(max_examples=20)
@given(terms, st.integers(0, 2**32 - 1))
def test_parties_together_have_what_the_sites_give(deal, seed):
    flows = np.random.default_rng(seed).normal(0, 1e6, (50, 6))  # beyond commitments too
    found = distribute_many(flows, deal)
    np.testing.assert_allclose(found.sum(axis=1), flows, atol=1e-5)


def test_shapes_that_disagree_are_refused():
    with pytest.raises(InputError, match="allowed"):
        distribute_many(np.zeros((2, 3)), DEAL, allowed=np.ones((3, 2, 2), dtype=bool))
    with pytest.raises(InputError, match="years"):
        distribute_many(np.zeros((2, 3)), DEAL, years=np.ones(2))


@settings(max_examples=20)
@given(terms, st.integers(0, 2**32 - 1))
def test_calls_in_january_and_payments_in_july_are_as_in_the_exact_form(deal, seed):
    rng = np.random.default_rng(seed)
    needed = np.round(rng.uniform(1_000, 20_000, (2, 4)), 2)
    given_back = np.round(rng.uniform(0, 40_000, (2, 4)), 2)
    found = distribute_many((given_back - needed)[None], deal, gross=needed, lag=0.5)[0]
    days = [date(2027 + h // 2, 1 + h % 2 * 6, 1) for h in range(8)]
    halves = np.stack((-needed, given_back), axis=2).reshape(2, 8)
    projects = [
        Project(id=f"p{i}", units=tuple(round(100 * float(x)) for x in row))
        for i, row in enumerate(halves)
    ]
    exact = np.zeros((len(deal.parties), 4))
    for posting in run(deal, "USD", projects, days):
        place = deal.parties.index(posting.party), posting.month // 2
        exact[place] += posting.units / 100
    np.testing.assert_allclose(found, exact, atol=0.5)
