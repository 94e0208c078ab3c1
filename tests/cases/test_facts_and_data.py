# SPDX-License-Identifier: Apache-2.0
"""Shipped facts against the public data that they restate or were summed from."""

import csv
import statistics
from collections import defaultdict
from datetime import date, timedelta

import pytest

from loadstone.adapters.facts import read_facts
from tests.shared_data import SHARED, needs_shared

pytestmark = needs_shared
FACTS = read_facts()

# medians of life-cycle emissions, kg/MWh: IPCC AR5, Working Group III, Annex III
LIFE_CYCLE = {
    "coal": 820,
    "gas": 490,
    "oil": 650,
    "biomass": 230,
    "solar": 45,
    "hydro": 24,
    "wind": 11,
    "nuclear": 12,
    "geothermal": 38,
    "battery discharge": 0,
}
UNKNOWN_THERMAL = 650  # between gas and coal, where the data set gives no factor


def rows(name):
    with (SHARED / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def own_factors(zone):
    """Life-cycle factors that the data set gives for a zone, the newest up to 2025 last."""
    given = [r for r in rows("grid/zone_emission_factors.csv") if r["zone"] == zone]
    newest = sorted((r for r in given if r["kind"] == "lifecycle"), key=lambda r: r["date"])
    return {r["mode"]: float(r["gco2_per_kwh"]) for r in newest}


SUMMED = [
    (country.code, zone.id)
    for country in FACTS.countries.values()
    for zone in country.zones.values()
    if zone.carbon.source == "own-carbon"
]


@pytest.mark.parametrize(("code", "zone"), SUMMED)
def test_zone_carbon_is_its_mix_times_life_cycle_factors(code, zone):
    data_zone = {"BR-SE": "BR-CS"}.get(zone, zone)
    factors = LIFE_CYCLE | {"unknown": UNKNOWN_THERMAL} | own_factors(data_zone)
    mix = [
        (r["mode"], float(r["share"]))
        for r in rows("grid/zone_annual_mix.csv")
        if r["zone"] == data_zone and r["year"] == "2024"
    ]
    ours = FACTS.countries[code].zones[zone].carbon.value
    assert sum(
        share * factors.get(mode, LIFE_CYCLE["hydro"]) for mode, share in mix
    ) == pytest.approx(ours, abs=0.6)


@pytest.mark.parametrize(("code", "iso3"), [("IN", "IND"), ("ZA", "ZAF")])
def test_zones_hold_the_national_figure_between_them(code, iso3):
    (national,) = (
        float(r[list(r)[-1]])
        for r in rows("grid/carbon_intensity_annual.csv")
        if iso3 in r.values() and "2024" in r.values()
    )
    values = [zone.carbon.value for zone in FACTS.countries[code].zones.values()]
    assert min(values) - 5 <= national <= max(values) + 5


def test_every_miner_is_in_one_of_the_lists_with_the_same_figures():
    listed = {
        (r["manufacturer"], float(r["hashrate_th"]), float(r["power_w"]), r["cooling"])
        for r in rows("hardware/asic_sha256.csv")
    }
    for miner in FACTS.miners.values():
        key = (miner.manufacturer, miner.hashrate_th, miner.power_w, miner.cooling)
        assert key in listed, miner.id


def test_the_bans_are_those_of_the_compiled_list():
    """Our dates are half-open: the last day of the list is the day before our end."""

    def last_day(rule):
        return rule.effective_to - timedelta(days=1)

    ours = {
        (r.region, r.effective_from, last_day(r), r.confidence)
        for r in FACTS.countries["RU"].rules
    }
    listed = {
        (
            r["iso3166_2"],
            date.fromisoformat(r["effective_from"]),
            date.fromisoformat(r["effective_to"]),
            r["confidence"],
        )
        for r in rows("jurisdictions/russia_mining_bans.csv")
    }
    assert ours == listed


def test_the_cap_curves_are_the_means_of_the_sweep():
    kinds = {"ft": "fine-tune", "pt": "pre-train"}
    found = defaultdict(list)
    for r in rows("ai_traces/emerald_2025/dvfs_sweep.csv"):
        name = r["Workload"]
        # the three inference sweeps are one sweep scaled by the number of GPUs
        kind = "batch inference" if name == "infer_llama_8b" else kinds.get(name[:2])
        if kind:
            work, watts = float(r["normalized throughput"]), float(r["power per GPU"])
            found[kind, float(r["GPU power cap"]) / 400].append((work, watts))
    for curve in FACTS.servers["dgx-a100"].cap_curves:
        full = statistics.mean(watts for _, watts in found[curve.workload, 1.0])
        for cap, work, draw in zip(curve.cap, curve.throughput, curve.draw, strict=True):
            sweep = found[curve.workload, cap]
            assert work == pytest.approx(statistics.mean(w for w, _ in sweep), abs=6e-4)
            mean_draw = statistics.mean(watts for _, watts in sweep) / full
            assert draw == pytest.approx(mean_draw, abs=6e-4)


def test_the_halvings_are_those_of_the_chain():
    listed = {
        int(r["block_height"]): r["date_utc"]
        for r in rows("bitcoin/halvings.csv")
        if "estimate" not in r["date_utc"]
    }
    ours = {h.height: str(h.date) for h in FACTS.bitcoin.halvings if not h.estimated}
    assert ours == listed


def test_rental_prices_lie_among_the_offers_seen():
    offers = defaultdict(list)
    for r in rows("hardware/gpu_rental_prices.csv"):
        if "node" not in r["confidence"]:
            offers[r["gpu"]].append(float(r["usd_per_gpu_hour"]))
    for id_, gpu in {"dgx-h100": "H100", "dgx-h200": "H200", "mi300x-8": "MI300X"}.items():
        rental = FACTS.servers[id_].rental
        assert min(offers[gpu]) * 0.75 <= rental.value <= max(offers[gpu])
