# SPDX-License-Identifier: Apache-2.0
"""The halls of a site, the machines in them, and what others would place there."""

from collections.abc import Mapping

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.halls import add_halls, halls_of, largest, use_of
from loadstone.engines.plan.lower.offers import add_offers, wanted_halls
from loadstone.engines.plan.lower.resale import add_used, resale
from loadstone.model.hall import AIR_HALL, LIQUID_HALL, MINING_HALL
from loadstone.model.machine import Miner, Server

LEAD = {"mining": "lead-miners", "ai": "lead-servers"}


def add_halls_and_machines(assets: Assets) -> None:
    """Add the halls of a site, its machines, and what is on offer for its halls."""
    fleet = {hall: _models(assets, hall) for hall in halls_of(assets)}
    standing = {
        hall: sum(one.mw for one in assets.site.standing if one.model in models)
        for hall, models in fleet.items()
    }
    wanted = {hall for hall, models in fleet.items() if models} | wanted_halls(assets)
    add_halls(assets, wanted, standing)
    for hall, models in fleet.items():
        if models and largest(assets, use_of(hall)) > 0:
            _machines(assets, hall, models)
    add_offers(assets)
    _fill(assets, tuple(fleet))


def _models(assets: Assets, hall: str) -> dict[str, tuple[Miner | Server, bool]]:
    """Return the models that may be in a kind of hall, and whether they may be bought."""
    study, facts, site = assets.network.study, assets.network.facts, assets.site
    found: dict[str, tuple[Miner | Server, bool]] = {}
    if hall == MINING_HALL:
        plant = site.mining_cooling.removeprefix("mining-")
        ids = study.miners if site.miners is None else site.miners
        allowed = not all(hours.mining_banned.all() for hours in assets.out.hours)
        for id_ in ids:
            if facts.miners[id_].cooling == plant:
                found[id_] = facts.miners[id_], allowed
        for one in site.standing:
            if one.model in facts.miners:
                found.setdefault(one.model, (facts.miners[one.model], False))
        return found
    ids = study.servers if site.servers is None else site.servers
    allowed = not all(hours.ai_banned.all() for hours in assets.out.hours)
    for id_ in ids:
        if hall_of(assets, facts.servers[id_]) == hall:
            found[id_] = facts.servers[id_], allowed
    for one in site.standing:
        server = facts.servers.get(one.model)
        if server is not None and (hall_of(assets, server) or halls_of(assets)[1]) == hall:
            found.setdefault(one.model, (server, False))
    return found


def hall_of(assets: Assets, server: Server) -> str | None:
    """Return the kind of hall that a server stands in; None where the site has none for it.

    Where the site cools with liquid alone, servers on air stand in its liquid halls, which move
    air too.
    """
    halls = halls_of(assets)
    if server.cooling == "air" and AIR_HALL in halls:
        return AIR_HALL
    return LIQUID_HALL if LIQUID_HALL in halls else None


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


def _machines(
    assets: Assets, hall: str, models: Mapping[str, tuple[Miner | Server, bool]]
) -> None:
    """Add the machines of a kind of hall."""
    economy, use, count = assets.economy, use_of(hall), len(assets.phases)
    prefix = "miner" if use == "mining" else "server"
    most = largest(assets, use)
    lead = assets.phase_from(economy.cost(LEAD[use])) if economy.study.decided else 0
    for id_, (model, buyable) in models.items():
        price = [
            economy.miner_price(model, assets.country, p)
            if isinstance(model, Miner)
            else economy.server_price(model, assets.country, p)
            for p in range(count)
        ]
        assets.out.hall_of[f"{prefix}:{id_}"] = hall
        assets.add(
            f"{prefix}:{id_}",
            "MW",
            largest=most,
            price=price if buyable else [None] * count,
            life=model.life.value,
            relief=[_shield(assets, model, p) for p in range(count)],
            standing=_standing(assets, id_, model.life.value),
            from_phase=lead,
            gated=False,
            leaving=resale(assets, model, price) if isinstance(model, Miner) else None,
        )
        if isinstance(model, Miner) and buyable:
            assets.out.hall_of[f"{prefix}:{id_}:used"] = hall
            add_used(assets, model, most)


def _fill(assets: Assets, halls: tuple[str, ...]) -> None:
    """Hold what is in each kind of hall to its room."""
    out = assets.out
    for p in range(len(assets.phases)):
        for hall in halls:
            here = [
                (column, 1.0)
                for (asset, q), column in out.amounts.items()
                if q == p and out.hall_of.get(asset) == hall
            ]
            room = out.amounts.get((hall, p))
            if here:
                terms = [*here, *([(room, -1.0)] if room is not None else [])]
                assets.draft.row(out.label("in_hall", p, hall), terms, upper=0.0)


def _shield(assets: Assets, model: Miner | Server, p: int) -> float:
    """Return the share of a machine's price that comes back as less tax."""
    if isinstance(model, Miner):
        return assets.mining_tax.shield
    return assets.economy.incentives(assets.site, assets.country, model, p)[0].shield
