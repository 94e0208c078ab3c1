# SPDX-License-Identifier: Apache-2.0
"""The halls of a site and the machines in them."""

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.resale import add_used, resale
from loadstone.model.machine import Miner, Server

# asset: (id of its life in the costs, id of its yearly upkeep)
HALL_LIFE = {"mining_hall": "life-mining-site", "ai_hall": "life-ai-hall"}
HALL_UPKEEP = {"mining_hall": "opex-mining-site", "ai_hall": "opex-ai-hall"}


def _models(assets: Assets, use: str) -> list[Miner] | list[Server]:
    """Return the models that may be built at the site and fit its cooling."""
    study, facts = assets.network.study, assets.network.facts
    if use == "mining":
        plant = assets.site.mining_cooling.removeprefix("mining-")
        ids = study.miners if assets.site.miners is None else assets.site.miners
        return [facts.miners[i] for i in ids if facts.miners[i].cooling == plant]
    liquid = assets.site.ai_cooling == "ai-liquid"
    ids = study.servers if assets.site.servers is None else assets.site.servers
    return [facts.servers[i] for i in ids if liquid or facts.servers[i].cooling == "air"]


def _standing(assets: Assets, model: str, life: float) -> list[float]:
    """Return what stands of a model in each phase, MW."""
    return [
        sum(
            s.mw
            for s in assets.site.standing
            if s.model == model and assets.economy.still_stands(life, s.installed, p)
        )
        for p in range(len(assets.phases))
    ]


def add_halls_and_machines(assets: Assets) -> None:
    """Add the halls of a site, and the machines that stand or may be bought."""
    facts, limits = assets.network.facts, assets.site.limits
    connected = assets.site.connection.max_mw
    for use, asset, most in (
        ("mining", "mining_hall", limits.mining_mw),
        ("ai", "ai_hall", limits.ai_mw),
    ):
        known = facts.miners if use == "mining" else facts.servers
        here = [s for s in assets.site.standing if s.model in known]
        standing = sum(s.mw for s in here)
        banned = all(
            (h.mining_banned if use == "mining" else h.ai_banned).all()
            for h in assets.out.hours
        )
        largest = max(connected if most is None else most, standing)
        models: dict[str, Miner | Server] = {m.id: m for m in _models(assets, use)}
        models |= {s.model: known[s.model] for s in here}
        buyable = set() if banned else {m.id for m in _models(assets, use)}
        if largest > 0 and models:
            _hall(assets, asset, use, largest, standing)
            _machines(assets, use, hall=asset, largest=largest, models=models, buyable=buyable)


def _hall(assets: Assets, asset: str, use: str, largest: float, standing: float) -> None:
    economy, count = assets.economy, len(assets.phases)
    if use == "mining":
        hydro = assets.site.mining_cooling != "mining-air"
        price, taxation = (
            "mining-site-hydro" if hydro else "mining-site-air",
            assets.mining_tax,
        )
    else:
        liquid = assets.site.ai_cooling == "ai-liquid"
        price, taxation = "ai-hall-liquid" if liquid else "ai-hall-air", assets.ai_tax
    assets.add(
        asset,
        "MW",
        largest=largest,
        price=[economy.cost(price)] * count,
        life=economy.cost(HALL_LIFE[asset]),
        relief=[taxation.shield] * count,
        yearly={"upkeep": economy.cost(HALL_UPKEEP[asset])},
        taxation=taxation,
        standing=[standing] * count,
    )


def _machines(
    assets: Assets,
    use: str,
    *,
    hall: str,
    largest: float,
    models: dict[str, Miner | Server],
    buyable: set[str],
) -> None:
    economy, count = assets.economy, len(assets.phases)
    prefix = "miner" if use == "mining" else "server"
    for id_, model in models.items():
        price = [
            economy.miner_price(model, assets.country, p)
            if isinstance(model, Miner)
            else economy.server_price(model, assets.country, p)
            for p in range(count)
        ]
        assets.add(
            f"{prefix}:{id_}",
            "MW",
            largest=largest,
            price=price if id_ in buyable else [None] * count,
            life=model.life.value,
            relief=[_shield(assets, model, p) for p in range(count)],
            standing=_standing(assets, id_, model.life.value),
            gated=False,
            leaving=resale(assets, model, price) if isinstance(model, Miner) else None,
        )
        if isinstance(model, Miner) and id_ in buyable:
            add_used(assets, model, largest)
    for p in range(count):
        here = [
            (column, 1.0)
            for (asset, q), column in assets.out.amounts.items()
            if q == p and asset.startswith(f"{prefix}:")
        ]
        room = assets.out.amounts.get((hall, p))
        if here:
            terms = [*here, *([(room, -1.0)] if room is not None else [])]
            assets.draft.row(assets.out.label("in_hall", p, hall), terms, upper=0.0)


def _shield(assets: Assets, model: Miner | Server, p: int) -> float:
    """Return the share of a machine's price that comes back as less tax."""
    if isinstance(model, Miner):
        return assets.mining_tax.shield
    return assets.economy.incentives(assets.site, assets.country, model, p)[0].shield
