# SPDX-License-Identifier: Apache-2.0
"""Solar, wind and batteries of a site."""

import numpy as np

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.supply import Capacities
from loadstone.engines.plan.problem import Segment, Storage

PLANTS = {
    "solar": ("solar", "life-solar", "opex-solar"),
    "wind": ("wind", "life-wind", "opex-wind"),
    "battery_power": ("battery-power", "life-battery", "opex-battery"),
    "battery_energy": ("battery-energy", "life-battery", None),
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
    for asset, (price, life, upkeep) in PLANTS.items():
        if most[asset] > 0:
            assets.add(
                asset,
                "MWh" if asset == "battery_energy" else "MW",
                largest=most[asset],
                price=[economy.cost(price)] * count,
                life=economy.cost(life),
                relief=[assets.ai_tax.shield] * count,
                yearly={"upkeep": economy.cost(upkeep)} if upkeep else None,
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
