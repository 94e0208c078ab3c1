# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.value.futures.exactness import Fast, measured
from loadstone.engines.value.futures.redispatch import Redispatch
from loadstone.engines.value.futures.stresses import stress_cases
from loadstone.model.errors import InputError
from tests.engines.value.futures.planned import again, planned, valued


def other(**changes):
    network = planned()[0]
    outlook = network.study.outlook
    return replace(outlook, **{k: tuple(v * x for x in getattr(outlook, k))
                               for k, v in changes.items()})  # fmt: skip


def test_dispatched_anew_under_its_own_outlook_a_plan_earns_the_same():
    found = again().changes(planned()[0].study.outlook, again().before)
    assert max(map(abs, found.values())) < 1e-3


def test_dispatched_anew_a_plan_never_earns_less_than_with_its_old_hours():
    # hashprice falls by 40 %: revenue of the old hours falls by as much, new hours are better
    outlook = other(btc_price=0.6)
    found = again().changes(outlook, again().before)
    years = {p.at: i for i, p in enumerate(planned()[0].study.phases)}
    for year in planned()[1].site_years:
        assert found[year.site, years[year.phase]] >= -0.4 * year.revenue["mining"] - 1e-3


@pytest.mark.parametrize(
    "changes",
    [{"btc_price": 0.5}, {"btc_price": 2.0}, {"power_price_factor": 1.5},
     {"power_price_factor": 0.5, "btc_price": 0.7}, {"ai_price_factor": 0.8}],
    ids=str,
)  # fmt: skip
def test_the_fast_valuation_is_close_where_miners_and_servers_stand_alone(changes):
    _, case, futures = valued()
    wanted = sorted(again().before)
    quick = Fast(case, futures.middle).changes(other(**changes), wanted)
    exact = again().changes(other(**changes), wanted)
    size = np.mean(np.abs(list(again().before.values())))
    for key in wanted:
        assert quick[key] == pytest.approx(exact[key], abs=0.01 * size), key


def test_the_error_is_measured_over_at_least_200_site_years():
    _, case, futures = valued()
    found = measured(case, futures.middle, again(), futures.source, 100, seed=1)
    assert found.samples >= 200
    assert found.mean <= 0.01
    assert abs(found.bias) <= found.mean <= found.worst
    assert found.correlation > 0.99
    assert "Site in " in found.worst_at


def test_columns_of_another_network_are_refused():
    network, plan, _, columns = planned()
    with pytest.raises(InputError, match="certificate"):
        Redispatch(network, plan, columns[:-1])


def test_stresses_are_told_by_name_and_prices_are_dispatched_anew():
    base, case, _ = valued()
    found = {one.name: one for one in stress_cases(base, case, again())}
    exact = {name for name, one in found.items() if one.exact}
    assert exact == {"hashprice 15", "power +50 %", "AI price -60 %"}
    assert set(found) - exact == {
        "connection two years late", "mining ban", "tenant default",
    }  # fmt: skip
    project = base.valuation.returns[0].npv
    for one in found.values():
        assert one.change < 0
        assert one.npv == pytest.approx(project + one.change)


def test_fast_and_exact_stresses_are_close():
    base, case, _ = valued()
    fast = {one.name: one for one in stress_cases(base, case)}
    exact = {one.name: one for one in stress_cases(base, case, again())}
    for name in ("hashprice 15", "power +50 %"):
        assert fast[name].change == pytest.approx(exact[name].change, rel=0.03)
