# SPDX-License-Identifier: Apache-2.0
"""Read the outlines of countries that maps are drawn on."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@cache
def read_coastlines() -> Mapping[str, tuple[Floats, ...]]:
    """Return the outlines of each country, by ISO 3166-1 code.

    Returns:
        Rings of longitude and latitude, degrees; longitude runs from -169 to 191. Shape (P, 2)
        each. Land without a code is under "".
    """
    path = files("loadstone") / "data" / "map" / "coastlines.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    return {
        code: tuple(np.array(ring).reshape(-1, 2) for ring in rings)
        for code, rings in document["outlines"].items()
    }
