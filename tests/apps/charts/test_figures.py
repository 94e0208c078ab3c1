# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.apps.charts import (
    build_timeline,
    capacity_by_phase,
    map_figure,
    merit_order_figure,
    provenance_bars,
    year_heatmap,
)
from loadstone.apps.charts.earnings import earnings_per_mwh
from loadstone.apps.charts.geography import equal_earth
from loadstone.apps.charts.hours import local_days, price_of
from loadstone.apps.charts.style import mix_of
from loadstone.model.errors import InputError
from tests.apps.example_plan import MINER, PHASES, SERVER, SITES, example

PLAN, DISPATCH, NETWORK = example()
BRATSK = next(d for d in DISPATCH if (d.site, d.phase) == ("bratsk", 2030))
FIGURES = {
    "map": map_figure(PLAN, NETWORK),
    "timeline": build_timeline(PLAN, NETWORK),
    "capacity": capacity_by_phase(PLAN, NETWORK),
    "merit": merit_order_figure(PLAN, NETWORK, BRATSK),
    "year": year_heatmap(PLAN, NETWORK, BRATSK),
    "provenance": provenance_bars(PLAN),
}


def axis_titles(figure) -> str:
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    texts = [axis.title.text or "" for axis in axes]
    return " ".join([*texts, *(note.text for note in figure.layout.annotations)])


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_title(name):
    assert FIGURES[name].layout.title.text


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("map", "MW"),
        ("timeline", "year"),
        ("capacity", "MW"),
        ("merit", "USD/MWh"),
        ("merit", "MW"),
        ("year", "USD/MWh"),
        ("year", "%"),
        ("provenance", "share"),
    ],
)
def test_every_figure_names_its_units(name, unit):
    assert unit in axis_titles(FIGURES[name])


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_needs_a_map_that_would_be_fetched(name):
    assert not {trace.type for trace in FIGURES[name].data} & {"scattergeo", "choropleth"}


def test_the_map_shows_every_site_once():
    (circles,) = [trace for trace in FIGURES["map"].data if trace.text is not None]
    assert len(circles.x) == len(SITES)
    assert sum("not built" in text for text in circles.text) == 1


def test_labels_of_the_map_name_built_sites_with_their_power():
    texts = {note.text for note in FIGURES["map"].layout.annotations}
    assert "Bratsk 120 MW" in texts
    assert not any(text.startswith("Recife") for text in texts)  # looked at and left


def test_one_site_alone_has_a_map_too():
    alone = replace(NETWORK, sites=SITES[1:2])
    figure = map_figure(PLAN, alone)
    low, high = figure.layout.xaxis.range
    assert high - low > 0.6  # radii of the earth: a region, not a street


def test_one_country_has_a_closer_map():
    figure = map_figure(PLAN, NETWORK, "RU")
    assert "Russia" in figure.layout.title.text
    (circles,) = [trace for trace in figure.data if trace.text is not None]
    assert len(circles.x) == 2


def test_a_map_of_a_country_without_sites_is_refused():
    with pytest.raises(InputError, match="has a site"):
        map_figure(PLAN, NETWORK, "KZ")


def test_the_projection_keeps_areas():
    # ten degrees square at the equator and at 60 degrees: the ratio of areas on a sphere
    def area(latitude):
        longitude = np.linspace(0, 10, 201)
        strips = np.linspace(latitude, latitude + 10, 201)
        x, y = equal_earth(np.array([[0.0], [10.0]]), strips[None, :], 5.0)
        assert longitude.size == strips.size
        return float(np.trapezoid(x[1] - x[0], y[0]))

    sphere = np.diff(np.sin(np.radians([60, 70])))[0] / np.diff(np.sin(np.radians([0, 10])))[0]
    assert area(60) / area(0) == pytest.approx(sphere, rel=1e-4)


def test_the_timeline_has_a_bar_for_each_phase_of_each_open_site():
    bars = [(y, b) for trace in FIGURES["timeline"].data for y, b in zip(trace.y, trace.base)]  # noqa: B905
    assert sorted(bars) == sorted((year.site, year.phase) for year in PLAN.site_years)


def test_stacked_machines_add_up_to_the_plan():
    bars = {trace.name: trace.y for trace in FIGURES["capacity"].data}
    assert bars["Antminer S21 XP"][-1] == PLAN.metrics["mining_mw"]
    assert bars["DGX B200"][-1] == PLAN.metrics["ai_mw"]
    assert bars["Grid connection"][-1] == PLAN.metrics["connected_mw"]


def test_many_machines_share_a_bar_for_the_smallest():
    extra = {f"miner:m{i}": 1.0 for i in range(6)}
    years = tuple(replace(y, capacities={**y.capacities, **extra}) for y in PLAN.site_years)
    bars = {
        t.name: t.y for t in capacity_by_phase(replace(PLAN, site_years=years), NETWORK).data
    }
    last = sum(year.phase == 2030 for year in PLAN.site_years)
    assert bars["Other miners"][-1] == 3 * last  # seven miners, four have a bar of their own
    mining = [name for name in bars if name.startswith(("Antminer", "m", "Other"))]
    assert sum(bars[name][-1] for name in mining) == PLAN.metrics["mining_mw"] + 6 * last


def test_a_connected_site_without_machines_is_small_and_grey_on_the_map():
    years = tuple(
        replace(y, capacities={"connection": 500.0}) if y.site == "bratsk" else y
        for y in PLAN.site_years
    )
    figure = map_figure(replace(PLAN, site_years=years), NETWORK)
    (circles,) = [trace for trace in figure.data if trace.text is not None]
    place = next(i for i, text in enumerate(circles.text) if "Bratsk" in text)
    assert circles.marker.size[place] == 10
    assert "idle" in {trace.name for trace in figure.data}


def test_the_colour_follows_the_share_of_ai():
    shares = [(10, 0), (9, 1), (5, 5), (1, 9), (0, 10), (0, 0)]
    assert [mix_of(*share)[0] for share in shares] == [
        "mining only", "mostly mining", "about half and half", "mostly AI", "AI only",
        "idle",
    ]  # fmt: skip


def test_earnings_times_energy_is_the_revenue_of_the_plan():
    earnings = earnings_per_mwh(PLAN, NETWORK, BRATSK)
    (year,) = [y for y in PLAN.site_years if (y.site, y.phase) == ("bratsk", 2030)]
    assert earnings[MINER] * BRATSK.machine_mw[MINER].sum() == pytest.approx(
        year.revenue["mining"]
    )
    assert earnings[SERVER] * BRATSK.machine_mw[SERVER].sum() == pytest.approx(
        year.revenue["ai"]
    )


def test_two_miners_share_revenue_by_their_efficiency():
    old = replace(NETWORK.facts.miners["antminer-s21-xp"], id="old", power_w=7290, j_per_th=27)
    facts = replace(NETWORK.facts, miners={**NETWORK.facts.miners, "old": old})
    power = BRATSK.machine_mw[MINER]
    both = replace(BRATSK, machine_mw={MINER: power, "miner:old": power})
    earnings = earnings_per_mwh(PLAN, replace(NETWORK, facts=facts), both)
    assert earnings[MINER] / earnings["miner:old"] == pytest.approx(2)  # 27 over 13.5 J/TH


def test_a_machine_without_facts_earns_as_the_others_do():
    power = BRATSK.machine_mw[MINER]
    both = replace(BRATSK, machine_mw={MINER: power, "miner:new": power})
    earnings = earnings_per_mwh(PLAN, NETWORK, both)
    assert earnings[MINER] == earnings["miner:new"]


def test_the_merit_order_keeps_the_energy_of_each_machine():
    areas = {trace.name: trace for trace in FIGURES["merit"].data if trace.stackgroup}
    drawn = np.asarray(areas["DGX B200"].y).sum() * 40  # means of 40 hours
    assert drawn == pytest.approx(BRATSK.machine_mw[SERVER].sum(), rel=1e-5)


def test_a_site_without_a_grid_price_shows_what_power_is_worth():
    off_grid = replace(BRATSK, price=np.zeros(8760), worth=np.full(8760, 7.0))
    assert price_of(off_grid).name == "value of one more MWh"
    assert "Value of one more MWh" in axis_titles(year_heatmap(PLAN, NETWORK, off_grid))


def test_hours_are_shown_in_local_standard_time():
    utc = np.arange(8760.0)
    local = local_days(utc, 8)
    assert local.shape == (24, 365)
    assert local[8, 0] == 0  # midnight UTC is 8 h in Irkutsk
    assert local[0, 1] == 16


def test_the_heat_map_is_small_and_in_whole_percents():
    mining = FIGURES["year"].data[1].z
    assert np.asarray(mining).dtype == np.uint8
    assert np.asarray(mining).max() == 100


def test_a_site_where_nothing_runs_has_a_price_panel_only():
    idle = replace(BRATSK, machine_mw={})
    assert len(year_heatmap(PLAN, NETWORK, idle).data) == 1
    assert merit_order_figure(PLAN, NETWORK, idle).layout.title.text


def test_provenance_bars_show_hours_and_money():
    observed = FIGURES["provenance"].data[0]
    assert list(observed.y) == [
        "Prices, hours", "Prices, money", "Weather, hours", "Weather, money", "Solar, hours",
    ]  # fmt: skip
    assert list(observed.x) == [0, 0, 100, 100, 0]


def test_phases_without_sites_make_figures_too():
    empty = replace(PLAN, site_years=(), builds=(), resting=(), phases=PHASES)
    for draw in (map_figure, build_timeline, capacity_by_phase):
        assert draw(empty, NETWORK).layout.title.text
    assert provenance_bars(empty).layout.title.text
