# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.outlook import draw_plainly
from loadstone.engines.outlook.events import happenings, lead_years
from loadstone.model.connection import Connection
from loadstone.model.futures.events import Default, Delay, Hazard
from loadstone.model.futures.paths import NEVER
from tests.engines.outlook.outlooks import SAID, drawing, full, futures, network

N = 20_000


def two_sites():
    """Return a network with two sites of a country whose connection takes two years."""
    site = network().sites[0]
    waits = replace(
        site,
        status="candidate",
        connection=Connection(max_mw=50.0, lead_time_years=2.0),
        transformers=None,
    )
    return replace(network(), sites=(replace(waits, id="one"), replace(waits, id="two")))


def test_what_comes_at_a_rate_comes_as_often_as_stated():
    country = network().sites[0].country
    parts = futures(hazards=(Hazard(country=country, mining_ban=0.1, source=SAID),))
    months = drawing(parts, months=120).paths(N).event(f"mining_ban:{country}")
    for years in (1, 5, 10):
        assert (months < 12 * years).mean() == pytest.approx(1 - 0.9**years, abs=0.01)
    assert set(months[months >= 120]) == {float(NEVER)}
    assert (months == np.floor(months)).all()


def test_a_delay_is_lognormal_around_its_lead_and_never_early():
    parts = futures(delay=Delay(overrun=0.25, spread=0.4, source=SAID))
    late = drawing(parts, on=two_sites()).paths(N).event("delay:one")
    assert np.median(late) == pytest.approx(0.5, rel=0.05)
    assert (late >= 0).all()
    longer = np.log(late[late > 0] / 2 + 1) - np.log(1.25)
    assert np.quantile(longer, 0.9) > 0.4
    assert (late == 0).mean() == pytest.approx(0.288, abs=0.01)  # P(z < -ln 1.25 / 0.4)


def test_sites_of_a_country_are_late_together_as_far_as_stated():
    parts = futures(delay=Delay(overrun=3.0, spread=0.3, together=0.6, source=SAID))
    paths = drawing(parts, on=two_sites()).paths(N)
    late = [np.log(paths.event(f"delay:{name}") / 2 + 1) for name in ("one", "two")]
    assert np.corrcoef(*late)[0, 1] == pytest.approx(0.6, abs=0.02)


def test_the_slower_of_connection_and_transformers_counts():
    site, study = replace(network().sites[0], status="candidate"), network().study
    new = Connection(max_mw=50.0, lead_time_years=1.0)
    assert lead_years(replace(site, connection=new, transformers=None), network()) == 1.0
    assert site.transformers is not None
    slow = replace(
        site.transformers,
        standing=0,
        max_units=3,
        redundancy=1,
        lead_time_years=4.0,
    )
    assert lead_years(replace(site, connection=new, transformers=slow), network()) == 4.0
    usual = replace(slow, lead_time_years=None)
    known = network().facts.costs["lead-transformer"].value
    assert lead_years(replace(site, connection=new, transformers=usual), network()) == known
    built = Connection(existing_mw=50.0, max_mw=50.0)
    assert lead_years(replace(site, connection=built), network()) == 0.0
    assert study.decided_at > 2026


def test_tenants_default_by_their_credit():
    leases = network().offers.leases
    chance = Default(yearly={leases[0].credit or "none": 0.3, "other": 0.05}, source=SAID)
    made = happenings(futures(default=chance), network())
    assert [one.name for one in made] == [f"default:{lease.id}" for lease in leases]
    assert made[0].rate == pytest.approx(-np.log(0.7))
    assert drawing(futures(default=chance)).vacant_months == 0.0


def test_weather_years_are_resampled_evenly_one_a_calendar_year():
    made = drawing(full(), months=30)
    assert made.years == (2027, 2028, 2029)
    weather = made.paths(N).weather
    assert weather.shape == (N, 3)
    for year in range(3):
        assert (weather == year).mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=0.015)


def test_a_weather_year_moves_the_price_of_power_of_its_months():
    ratio = np.ones((3, 12))
    ratio[1], ratio[2, 6] = 2.0, 5.0
    on = replace(network(), price_years={"BR-SE": ratio})
    parts = replace(full(), weather_years=7)
    made, still = drawing(parts, on=on, months=30), drawing(parts, months=30)
    assert made.weather_years == 3  # as many as there are
    one = drawing(replace(full(), weather_years=1), on=on, months=30)
    np.testing.assert_array_equal(one.recipe.skies, 1.0)
    paths, plain = made.paths(200), draw_plainly(made, 200)
    np.testing.assert_allclose(paths.values, plain.values, rtol=1e-12)
    np.testing.assert_array_equal(paths.weather, plain.weather)
    moved = paths.factor("power:BR-SE") / still.paths(200).factor("power:BR-SE")
    for year in range(2):
        drawn = paths.weather[:, year]
        there = moved[:, 12 * year : 12 * year + 12]
        np.testing.assert_allclose(there, ratio[drawn], rtol=1e-12)
    np.testing.assert_array_equal(
        paths.factor("ai:blackwell"), still.paths(200).factor("ai:blackwell")
    )
