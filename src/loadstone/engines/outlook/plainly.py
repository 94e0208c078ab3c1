# SPDX-License-Identifier: Apache-2.0
"""Futures drawn in plain numpy: the definition that the compiled drawing must equal."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook.draws import future_keys, normals, stream, uniforms
from loadstone.engines.outlook.events import Happening
from loadstone.engines.outlook.recipe import Machines, Mining, Recipe, Strand, streams
from loadstone.model.futures.paths import NEVER

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

MONTHS = 12


def values_of(recipe: Recipe, keys: Keys) -> Floats:
    """Return all factors. Shape (K, N, M)."""
    level = strand_levels(recipe, keys)
    sky = _sky(recipe, keys)
    found = [
        recipe.nominal[k] * np.exp(level[s]) * sky[k] for k, (_, s) in enumerate(recipe.plain)
    ]
    if recipe.mining is not None:
        found += mining_of(recipe.mining, level, keys)
    if recipe.machines is not None:
        hashprice = recipe.factors.index("hashprice")
        change = np.log(found[hashprice] / recipe.nominal[hashprice])
        found += machine_prices(recipe.machines, change)
    return np.array(found).reshape(len(recipe.factors), keys.size, recipe.months)


def _sky(recipe: Recipe, keys: Keys) -> Floats:
    """Return what the weather of each month does to plain factors. Shape (P, N, M)."""
    weather = weather_of(keys, len(recipe.years), recipe.weather_years)
    calendar = recipe.first.month - 1 + np.arange(recipe.months)
    return recipe.skies[:, weather[:, calendar // MONTHS], calendar % MONTHS]


def strand_levels(recipe: Recipe, keys: Keys) -> Floats:
    """Return the logarithms of all strands. Shape (S, N, M)."""
    group_streams, own_streams = streams(recipe)
    free = np.array([normals(keys, name, recipe.months) for name in group_streams])
    free = free.reshape(len(group_streams), keys.size, recipe.months)
    groups = np.einsum("gh,hnm->gnm", recipe.spread, free)
    found = [
        _level(one, groups[one.group], keys, names)
        for one, names in zip(recipe.strands, own_streams, strict=True)
    ]
    return np.array(found).reshape(len(found), keys.size, recipe.months)


def _level(one: Strand, group: Floats, keys: Keys, names: list[int]) -> Floats:
    """Return the logarithm of a strand: what comes back, and what stays. Shape (N, M)."""
    own, jump, size, trend, group_trend, wild = names
    level, months = one.level, group.shape[1]
    shared, alone = one.together**0.5, (1 - one.together) ** 0.5
    shock = shared * group
    if alone:
        shock = shock + alone * normals(keys, own, months)
    if level.wild is not None:
        shock = shock * np.where(_wild(one, keys, wild, months), level.wild.ratio, 1.0)
    back = np.zeros(keys.size)
    stays = np.zeros((keys.size, months))
    path = np.empty((keys.size, months))
    if level.trend_sd:
        drift = shared * normals(keys, group_trend, 1)
        if alone:
            drift = drift + alone * normals(keys, trend, 1)
        stays += drift * (level.trend_sd / MONTHS) * np.arange(1, months + 1)
    if level.jumps_per_year:
        chance = level.jumps_per_year / MONTHS
        jumps = uniforms(keys, jump, months) < chance
        sizes = level.jump_mean + level.jump_sd * normals(keys, size, months)
        stays += np.cumsum(np.where(jumps, sizes, 0.0) - chance * level.jump_mean, axis=1)
    for m in range(months):
        back = level.kept * back + level.monthly_sd * shock[:, m]
        path[:, m] = back
    return path + stays


def _wild(one: Strand, keys: Keys, name: int, months: int) -> NDArray[np.bool_]:
    """Return the months that are wild. Shape (N, M)."""
    wild = one.level.wild
    assert wild is not None
    chance = uniforms(keys, name, months + 1)
    now = chance[:, 0] < wild.share
    found = np.empty((keys.size, months), dtype=np.bool_)
    for m in range(months):
        found[:, m] = now
        now = np.where(now, chance[:, m + 1] >= 1 / wild.months, chance[:, m + 1] < wild.begins)
    return found


def mining_of(mining: Mining, level: Floats, keys: Keys) -> list[Floats]:
    """Return hashprice, price, hashrate and fee share. Each of shape (N, M)."""
    price, fee, noise = rewards(mining, level, keys)
    reward = mining.months.per_eh * price * (1 + fee)  # what the whole network earns
    network, _ = network_of(mining, reward, noise, mining.drift)
    return [reward / network, price, network, fee]


def rewards(mining: Mining, level: Floats, keys: Keys) -> tuple[Floats, Floats, Floats]:
    """Return price, fee share, and what moves hashrate for other causes. Shapes (N, M)."""
    price_at, noise_at, fee_at = mining.strands
    told = mining.months
    shape = (keys.size, told.price.size)
    still = np.zeros(shape)
    price = told.price * np.exp(level[price_at] if price_at >= 0 else still)
    fee = told.fee_share * np.exp(level[fee_at] if fee_at >= 0 else still)
    if mining.fees is not None and mining.fees.spikes_per_year:
        spikes = uniforms(keys, stream("spike"), shape[1])
        size = -np.log(uniforms(keys, stream("spike size"), shape[1]))
        there = spikes < mining.fees.spikes_per_year / MONTHS
        fee = fee + np.where(there, mining.fees.spike * size, 0.0)
    return price, fee, level[noise_at] if noise_at >= 0 else still


def network_of(
    mining: Mining, reward: Floats, noise: Floats, drift: Floats | None
) -> tuple[Floats, Floats]:
    """Return the network's hashrate, own hashrate included, EH/s, and its drift.

    Args:
        mining: How miners answer.
        reward: Hashprice times hashrate, USD/PH/day EH/s. Shape (N, M).
        noise: What moves hashrate for other causes, logarithm. Shape (N, M).
        drift: Growth that all futures share, logarithm. Shape (M,). None finds that with
            which the median hashprice is the outlook's.

    Returns:
        Shapes (N, M) and (M,).
    """
    told, own = mining.months, mining.own_eh
    wanted = np.log(told.hashprice)
    answered = np.zeros(reward.shape[0])
    network = np.empty_like(reward)
    logs = np.empty_like(reward)
    found = np.zeros(reward.shape[1]) if drift is None else drift
    for m in range(reward.shape[1]):
        others = np.log(told.network_eh[m]) + answered + noise[:, m]
        if drift is None:
            found[m] = np.median(np.log(reward[:, m]) - others) - wanted[m]
        others = told.network_eh[m] * np.exp(answered + noise[:, m] + found[m])
        network[:, m] = others + own[m]
        logs[:, m] = np.log(reward[:, m] / network[:, m])
        answered = answered + _answer(mining, logs, m)
    return network, found


def _answer(mining: Mining, logs: Floats, m: int) -> Floats:
    """Return by how much the logarithm of hashrate grows after a month. Shape (N,)."""
    rule = mining.hashrate
    if rule is None:
        return np.zeros(logs.shape[0])
    progress = -np.log(1 - rule.progress) / MONTHS
    too_low = np.maximum(np.log(rule.exit_usd_ph_day) - (logs[:, m] + progress * m), 0.0)
    grown = -rule.exit_speed / MONTHS * too_low
    ordered = m - rule.delivery_months
    if ordered < 0:
        return np.asarray(grown)
    deflated = logs[:, ordered] + progress * ordered
    too_high = np.maximum(deflated - np.log(rule.entry_usd_ph_day), 0.0)
    return np.asarray(grown + rule.entry_speed / MONTHS * too_high)


def machine_prices(machines: Machines, change: Floats) -> list[Floats]:
    """Return new and second-hand prices over those at the outlook. Each of shape (N, M).

    Args:
        machines: How they follow hashprice.
        change: Logarithm of hashprice over that of the outlook. Shape (N, M).
    """
    powers = (machines.elasticity, machines.used_elasticity)
    return [np.maximum(np.exp(power * change), machines.scrap) for power in powers]


def happens_of(events: tuple[Happening, ...], keys: Keys, months: int) -> Floats:
    """Return what happens when. Shape (J, N)."""
    found = [_happens(one, keys, months) for one in events]
    return np.array(found).reshape(len(events), keys.size)


def _happens(one: Happening, keys: Keys, months: int) -> Floats:
    if one.rate:
        wait = -np.log(uniforms(keys, stream(one.name), 1)[:, 0]) / one.rate
        month = np.floor(wait * MONTHS)
        return np.where(month < months, month, float(NEVER))
    shared, alone = one.together**0.5, (1 - one.together) ** 0.5
    late = shared * normals(keys, stream(f"delays of {one.group}"), 1)[:, 0]
    late = late + alone * normals(keys, stream(one.name), 1)[:, 0]
    longer = one.scale * np.exp(one.spread * late) - 1
    return np.asarray(one.lead_years * np.maximum(longer, 0.0))


def weather_of(keys: Keys, years: int, weather_years: int) -> Ints:
    """Return the weather year that each calendar year has. Shape (N, Y)."""
    drawn = uniforms(keys, stream("weather"), years)
    return (drawn * weather_years).astype(np.int64)


def future_numbers(seed: int, start: int, count: int) -> Keys:
    """Return the keys of futures start, start + 1, ... Shape (N,)."""
    return future_keys(seed, np.arange(start, start + count))
