# SPDX-License-Identifier: Apache-2.0
"""The connection of a site becomes columns and rows."""

import numpy as np

from loadstone.engines.plan.lower.assets import Assets


def add_connection(assets: Assets) -> None:
    """Add the connection of a site, what is bought of it, and its smallest size."""
    given, economy, count = assets.site.connection, assets.economy, len(assets.phases)
    price = economy.cost("connection") if given.cost_per_mw is None else given.cost_per_mw
    assets.add(
        "connection",
        "MW",
        largest=given.max_mw,
        price=[price] * count,
        life=given.life_years,
        relief=[assets.ai_tax.shield] * count,
        standing=[given.existing_mw] * count,
        from_phase=assets.phase_from(given.lead_time_years),
    )
    opening = assets.site.opening
    for p in range(count):
        column = assets.out.amounts.get(("connection", p))
        if column is not None and opening is not None and opening.minimum_mw:
            least = ((z, -opening.minimum_mw) for z in assets.opened(p))
            label = assets.out.label("smallest", p, "connection")
            assets.draft.row(label, [(column, 1.0), *least], lower=0.0)
    if given.block_mw:
        _in_blocks(assets, given.block_mw)


def _in_blocks(assets: Assets, size: float) -> None:
    """Let new connection come in whole blocks."""
    for p in range(len(assets.phases)):
        if ("connection", p) not in assets.out.builds:
            continue
        column = assets.out.builds["connection", p].column
        most = np.floor(assets.draft.upper(column) / size + 1e-9)
        label = assets.out.label("blocks", p, "connection", "1")
        number = assets.draft.column(label, upper=float(most), whole=True)
        row = assets.out.label("whole_blocks", p, "connection")
        assets.draft.row(row, [(column, 1.0), (number, -size)], lower=0.0, upper=0.0)
