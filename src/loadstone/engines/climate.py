# SPDX-License-Identifier: Apache-2.0
"""What cooling draws and what machines lose in the weather.

The plant's equation, per MW of machines at full load, with x the load as a share of full load:

    draw(x) = x (1 + electrical loss) + fan x^3 + pump x + compressor(air, x)

The compressor stands still while the air is cool enough to reach the supply temperature by
itself. Above that it takes over linearly across a band, and then lifts all heat with a part
of the ideal (Carnot) efficiency.
"""

import numpy as np
from numpy.typing import NDArray

from loadstone.model.cooling import CoolingPlant
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]

KELVIN = 273.15
LEAST_LIFT_K = 1.0


def pue(
    plant: CoolingPlant, drybulb_c: Floats, wetbulb_c: Floats, load_share: float = 1.0
) -> Floats:
    """Return the power of the whole hall over that of its machines, each hour. Shape (T,).

    Args:
        plant: The cooling plant.
        drybulb_c: Air temperature, degC. Shape (T,).
        wetbulb_c: Wet-bulb temperature, degC. Shape (T,).
        load_share: Load of the machines over full load, above 0 to 1.

    Raises:
        InputError: Shapes disagree, or the load share is not above 0 and at most 1.
    """
    compressor = _compressor_share(plant, drybulb_c, wetbulb_c, load_share)
    fixed = 1 + plant.electrical_loss_share + plant.pump_share
    return fixed + plant.fan_share * load_share**2 + compressor


def marginal_pue(
    plant: CoolingPlant, drybulb_c: Floats, wetbulb_c: Floats, load_share: float = 1.0
) -> Floats:
    """Return what the last MW of machines draws with all that comes with it. Shape (T,).

    The derivative of load x PUE by load. Fans follow the cube of the load, so the last MW costs
    three times their mean share: shedding it saves more than its PUE says.

    Args and errors as `pue`.
    """
    compressor = _compressor_share(plant, drybulb_c, wetbulb_c, load_share)
    fixed = 1 + plant.electrical_loss_share + plant.pump_share
    return fixed + 3 * plant.fan_share * load_share**2 + compressor


def availability(plant: CoolingPlant, drybulb_c: Floats) -> Floats:
    """Return the share of full load that machines can hold in warm air. Shape (T,).

    1 up to `derate_from_c`, falling in a straight line to 0 at `stop_c`: a stated model of
    machines that clock down as their intake warms; 1 for plants without these temperatures.

    Args:
        plant: The cooling plant.
        drybulb_c: Air temperature, degC. Shape (T,).
    """
    if plant.derate_from_c is None or plant.stop_c is None:
        return np.ones_like(drybulb_c)
    return derating(drybulb_c, plant.derate_from_c, plant.stop_c)


def derating(drybulb_c: Floats, full_to_c: float, stop_c: float) -> Floats:
    """Return the share of full load between two air temperatures. Shape (T,).

    Args:
        drybulb_c: Air temperature, degC. Shape (T,).
        full_to_c: Highest temperature with full load, degC.
        stop_c: Temperature at which machines stop, degC.

    Raises:
        InputError: The machines would stop before they slow down.
    """
    if not full_to_c < stop_c:
        raise InputError("stop_c", stop_c, f"must be above {full_to_c}")
    return np.clip((stop_c - drybulb_c) / (stop_c - full_to_c), 0.0, 1.0)


def _compressor_share(
    plant: CoolingPlant, drybulb_c: Floats, wetbulb_c: Floats, load_share: float
) -> Floats:
    """Return the compressor's power over the machines'. Shape (T,)."""
    if drybulb_c.shape != wetbulb_c.shape:
        shapes = drybulb_c.shape, wetbulb_c.shape
        raise InputError("drybulb_c, wetbulb_c", shapes, "must have the same shape")
    if not 0 < load_share <= 1:
        raise InputError("load_share", load_share, "must be above 0 and at most 1")
    if not plant.compressor:
        return np.zeros_like(drybulb_c)
    air = drybulb_c if plant.dry else wetbulb_c
    short = air + plant.tower_approach_k + plant.exchanger_approach_k - plant.supply_c
    duty = np.clip(short / plant.band_k, 0.0, 1.0)
    cold = plant.supply_c + KELVIN
    lift = np.maximum(air + plant.condenser_approach_k - plant.supply_c, LEAST_LIFT_K)
    return duty * lift / (plant.eta * cold)
