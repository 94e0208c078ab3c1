# SPDX-License-Identifier: Apache-2.0
"""Find the setting of a plant that gives a mean output."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]


def setting_for(
    output: Callable[[float], Floats], wanted: float, low: float, high: float
) -> float:
    """Return the setting between two bounds at which the mean output is as wanted.

    Args:
        output: Output over nameplate at a setting, its mean rising with it.
        wanted: Mean output, 0 to 1.
        low, high: Bounds of the setting.

    Raises:
        InputError: The mean output between the bounds does not reach what is wanted.
    """
    least, most = float(output(low).mean()), float(output(high).mean())
    if not least <= wanted <= most:
        rule = f"must be from {least:.3f} to {most:.3f} here"
        raise InputError("capacity_factor", wanted, rule)
    for _ in range(50):
        middle = (low + high) / 2
        if float(output(middle).mean()) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
