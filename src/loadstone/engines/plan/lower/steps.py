# SPDX-License-Identifier: Apache-2.0
"""The steps of power that machines go up in, and how many of them the weather leaves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.revenue import Step, concave_steps, mining_steps, serving_steps
from loadstone.model.machine import Miner, Server

Floats = NDArray[np.float64]

UNDERCLOCK = ("underclock-power", "underclock-hashrate")


def model_of(asset: str) -> str:
    """Return the id of the model of "miner:<id>", "miner:<id>:used" or "server:<id>"."""
    return asset.split(":")[1]


def miner_steps(economy: Economy, miner: Miner) -> tuple[Step, ...]:
    """Return the steps of a miner: those of its firmware, a general low mode, or one."""
    if not economy.study.firmware_modes:
        return concave_steps(())
    if miner.modes:
        mode = miner.modes[0]
        source = economy.network.facts.sources[mode.source].title
        economy.assumed[f"modes:{miner.id}"] = (
            f"{miner.model} runs below nameplate, down to {100 * mode.hashrate:.0f} % of its "
            f"hashrate for {100 * mode.power:.0f} % of its power "
            f"({source}, {mode.confidence} confidence)"
        )
        return mining_steps(miner)
    if not all(economy.has_cost(id_) for id_ in UNDERCLOCK):
        return mining_steps(miner)
    power, hashrate = (economy.cost(id_) for id_ in UNDERCLOCK)
    return mining_steps(miner, underclock=(power, hashrate))


def server_steps(economy: Economy, server: Server, workload: str) -> tuple[Step, ...]:
    """Return the steps of an AI server along its cap curve; without one it pauses or runs."""
    known = {curve.workload for curve in server.cap_curves}
    why = server.curve_absent
    if known and workload not in {"", *known}:
        why = f"it has no cap curve for {workload}"
    if why:
        economy.assumed[f"caps:{server.id}"] = f"{server.model} runs in full or pauses: {why}"
    return serving_steps(server, workload)


def ready_widths(steps: Sequence[Step], ready: Floats, available: float) -> list[Floats]:
    """Return the power that may be drawn in each step, over nameplate. Shapes (T,).

    Two things keep machines below nameplate. Some are out of order: of the others each has
    all its steps. And the hall carries off less heat in warm air: then each machine that works
    draws less, which takes its last and least efficient steps first. So a miner at half its
    power hashes more than half.

    Args:
        steps: The steps.
        ready: Power that the installed machines may draw, over nameplate. Shape (T,).
        available: Part of the machines that work; `ready` is at most that.
    """
    return [
        np.clip(ready - available * step.start, 0.0, available * step.width) for step in steps
    ]
