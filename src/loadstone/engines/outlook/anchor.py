# SPDX-License-Identifier: Apache-2.0
"""Hashrate answers hashprice one-sidedly; the outlook stays in the middle all the same."""

from dataclasses import replace

import numpy as np

from loadstone.engines.outlook import plainly
from loadstone.engines.outlook.draws import future_keys
from loadstone.engines.outlook.recipe import Recipe

SAMPLE, SEED = 4096, 20090103
"""Futures that the middle is measured on; the seed is fixed, so that all draws share it."""


def anchored(recipe: Recipe) -> Recipe:
    """Return a recipe whose median hashprice is the outlook's in every month.

    Entry caps hashprice from above, while exit is slow: without a drift of hashrate the median
    would fall below the outlook. The drift is found month by month on a sample, without own
    hashrate, and good to about 2 %, the error of a median of so many futures.
    """
    mining = recipe.mining
    if mining is None or mining.hashrate is None:
        return recipe
    keys = future_keys(SEED, np.arange(SAMPLE))
    alone = replace(mining, own_eh=np.zeros(recipe.months))
    strands = recipe.strands[: max(mining.strands) + 1]  # those of mining are the first
    level = plainly.strand_levels(replace(recipe, strands=strands), keys)
    price, fee, noise = plainly.rewards(mining, level, keys)
    reward = mining.months.per_eh * price * (1 + fee)
    _, drift = plainly.network_of(alone, reward, noise, None)
    return replace(recipe, mining=replace(mining, drift=drift))
