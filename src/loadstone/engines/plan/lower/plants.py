# SPDX-License-Identifier: Apache-2.0
"""Solar, wind, batteries and backup generation of a site."""

import numpy as np

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.supply import Capacities
from loadstone.engines.plan.problem import (
    SHORTAGE_PRICE,
    Account,
    Profile,
    Segment,
    Storage,
)

PLANTS = {
    "solar": ("solar", "life-solar"),
    "wind": ("wind", "life-wind"),
    "battery_power": ("battery-power", "life-battery"),
    "battery_energy": ("battery-energy", "life-battery"),
}


def add_plants(assets: Assets) -> None:
    """Add the generation and the battery that may stand at a site."""
    limits, economy, count = assets.site.limits, assets.economy, len(assets.phases)
    most = {
        "solar": limits.solar_mw if assets.site.id in assets.network.solar else 0.0,
        "wind": limits.wind_mw if assets.site.id in assets.network.wind else 0.0,
        "battery_power": limits.battery_mw,
        "battery_energy": limits.battery_mwh,
    }
    for asset, (price, life) in PLANTS.items():
        if most[asset] > 0:
            assets.add(
                asset,
                "MWh" if asset == "battery_energy" else "MW",
                largest=most[asset],
                price=[economy.cost(price)] * count,
                life=economy.cost(life),
                relief=[assets.ai_tax.shield] * count,
            )


BACKUP = "own:backup"
"""Segment of backup generation: a generator behind the meter."""

PERMIT = "backup"
"""First word of the account of its hours."""

DEAR_HOUR = SHORTAGE_PRICE / 2
"""Price of energy beyond the permit, USD/MWh: more than any use earns, so that there is
none, and less than missing power, so that promises that need it can be told."""


def add_backup(assets: Assets) -> None:
    """Add the backup generation that stands or may be built at a site."""
    given, economy, count = assets.site.backup, assets.economy, len(assets.phases)
    if given is None or not given.max_mw:
        return
    buyable = given.max_mw > given.existing_mw
    price, lead = given.cost_per_mw, given.lead_time_years
    if buyable:
        price = economy.cost("backup") if price is None else price
        lead = economy.cost("lead-backup") if lead is None else lead
    assets.add(
        "backup",
        "MW",
        largest=given.max_mw,
        price=[price if buyable else None] * count,
        life=economy.cost("life-backup") if buyable else 1.0,
        relief=[assets.ai_tax.shield] * count,
        standing=[given.existing_mw] * count,
        from_phase=assets.phase_from(lead or 0.0),
    )


def add_backup_power(
    assets: Assets,
    p: int,
    caps: Capacities,
    segments: list[Segment],
    accounts: list[Account],
) -> None:
    """Add the power of backup generation, with its fuel and the hours of its permit."""
    given, out = assets.site.backup, assets.out
    out.fuel.append({})
    if given is None or ("backup", p) not in out.amounts:
        return
    fuel = given.fuel_per_mwh
    fuel = assets.economy.cost("backup-fuel") if fuel is None else fuel
    out.fuel[p][BACKUP] = fuel
    capacity = caps.index("backup", out.amounts["backup", p])
    place = len(segments)
    segments.append(
        Segment(
            name=BACKUP,
            source=True,
            capacity=capacity,
            value=Profile(scale=fuel * (1 - out.taxation.relief)),
        )
    )
    if given.limited:
        accounts.append(
            Account(
                name=f"{PERMIT}: {given.max_hours:g} hours a year",
                segments=(place,),
                coefficients=(1.0,),
                limit=capacity,
                per_unit=given.max_hours,
                penalty=assets.economy.from_usd(DEAR_HOUR),
            )
        )


def add_own_power(assets: Assets, p: int, caps: Capacities, segments: list[Segment]) -> None:
    """Add the power of a site's own plants to its block of a phase."""
    for asset, series in (("solar", assets.network.solar), ("wind", assets.network.wind)):
        if (asset, p) in assets.out.amounts:
            segments.append(
                Segment(
                    name=asset,
                    source=True,
                    capacity=caps.index(asset, assets.out.amounts[asset, p]),
                    width=assets.draft.profile(np.asarray(series[assets.site.id].values)),
                )
            )


def battery(assets: Assets, p: int, caps: Capacities) -> Storage | None:
    """Return the battery of a site's block of a phase."""
    amounts = assets.out.amounts
    if ("battery_power", p) not in amounts or ("battery_energy", p) not in amounts:
        return None
    efficiency = assets.economy.cost("battery-efficiency") ** 0.5
    return Storage(
        power=caps.index("battery_power", amounts["battery_power", p]),
        energy=caps.index("battery_energy", amounts["battery_energy", p]),
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
    )
