# SPDX-License-Identifier: Apache-2.0
"""B31 as a user of PyPSA would write it: from the generated arrays, not from our problem.

It is the model that the ratios are taken to. The network that `loadstone` exports has more
components (one for each segment) and takes longer.
"""

import warnings

import numpy as np
import pandas as pd
import pypsa
from benchmarks.b31 import (
    AI_PUE,
    COUNTRIES,
    EFFICIENCY,
    ENERGY,
    EXPORT_SHARE,
    GPU,
    GRID,
    MINER_NEW,
    MINER_OLD,
    MINER_PUE,
    MINER_REVENUE,
    POWER,
    SERVICE_FLOOR,
    SOLAR,
    Data,
    data,
)

MILLION = 1e6
GENERATORS = {GRID: "grid", MINER_NEW: "new", MINER_OLD: "old", GPU: "gpu", SOLAR: "solar"}


def network_of(given: Data) -> tuple[pypsa.Network, list[str]]:
    sites = [f"s{i:02}" for i in range(len(given.country))]
    hours = given.solar.shape[1]
    network = pypsa.Network()
    network.set_snapshots(pd.date_range("2025-01-01", periods=hours, freq="h"))
    network.add("Carrier", ["AC", "battery"])
    network.add("Bus", sites, carrier="AC")
    network.add("Bus", [f"{s} battery" for s in sites], carrier="battery")

    def named(suffix):
        return [f"{s} {suffix}" for s in sites]

    def hourly(rows, suffix):
        return pd.DataFrame(rows.T, index=network.snapshots, columns=named(suffix))

    def size(k):
        return {
            "p_nom_extendable": True,
            "p_nom_max": given.upper[:, k],
            "capital_cost": given.annual[:, k],
        }

    def generator(suffix, **given_too):
        network.add("Generator", named(suffix), bus=sites, carrier="AC", **given_too)

    generator("grid", marginal_cost=hourly(given.import_cost, "grid"), **size(GRID))
    export = hourly(-given.export_price, "export")
    generator("export", sign=-1, p_nom_extendable=True, marginal_cost=export)
    new, old = MINER_REVENUE
    generator("new", sign=-MINER_PUE, marginal_cost=-new, **size(MINER_NEW))
    generator("old", sign=-MINER_PUE, marginal_cost=-old, **size(MINER_OLD))
    revenue = hourly(-given.ai_revenue, "gpu")
    generator("gpu", sign=-AI_PUE, p_min_pu=SERVICE_FLOOR, marginal_cost=revenue, **size(GPU))
    generator("solar", p_max_pu=hourly(given.solar, "solar"), **size(SOLAR))
    network.add(
        "Store",
        named("store"),
        bus=named("battery"),
        carrier="battery",
        e_nom_extendable=True,
        e_nom_max=given.upper[:, ENERGY],
        e_cyclic=True,
        capital_cost=given.annual[:, ENERGY],
    )
    ends = {"bus0": sites, "bus1": named("battery")}
    network.add("Link", named("charger"), efficiency=EFFICIENCY, **ends, **size(POWER))
    ends = {"bus0": named("battery"), "bus1": sites}
    network.add(
        "Link", named("discharger"), efficiency=EFFICIENCY, p_nom_extendable=True, **ends
    )
    return network, sites


def add_rows(network: pypsa.Network, given: Data, sites: list[str]) -> None:
    """Add what PyPSA has no component for: shared limits and sizes that follow others."""
    model = network.model
    power, link, store = (
        model.variables[name] for name in ("Generator-p_nom", "Link-p_nom", "Store-e_nom")
    )
    spent = []
    for i, s in enumerate(sites):
        follows = power.loc[f"{s} export"] - EXPORT_SHARE * power.loc[f"{s} grid"]
        model.add_constraints(follows <= 0, name=f"export_{i}")
        same = EFFICIENCY * link.loc[f"{s} discharger"] - link.loc[f"{s} charger"]
        model.add_constraints(same == 0, name=f"inverter_{i}")
        price = given.unit_price[i] / MILLION
        spent += [price[k] * power.loc[f"{s} {name}"] for k, name in GENERATORS.items()]
        spent += [
            price[POWER] * link.loc[f"{s} charger"],
            price[ENERGY] * store.loc[f"{s} store"],
        ]
    model.add_constraints(sum(spent) <= given.budget / MILLION, name="budget")
    for c in range(COUNTRIES):
        at = np.flatnonzero(given.country == c)
        if at.size:
            total = sum(1.0 * power.loc[f"{sites[i]} grid"] for i in at)
            model.add_constraints(total <= float(given.country_cap[c]), name=f"country_{c}")


def solve(sites: int) -> float:
    """Return the optimum of B31 by PyPSA and HiGHS as they come."""
    warnings.simplefilter("ignore")
    given = data(sites)
    network, names = network_of(given)
    status = network.optimize(
        extra_functionality=lambda network, _: add_rows(network, given, names),
        include_objective_constant=False,
        solver_options={"output_flag": False},
    )
    if status != ("ok", "optimal"):
        raise SystemExit(f"PyPSA ended with {status}")
    return -float(network.objective)
