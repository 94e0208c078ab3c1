# SPDX-License-Identifier: Apache-2.0
"""Moist air: vapour pressure, dew point and wet-bulb temperature."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEA_LEVEL_HPA = 1013.25


def pressure_hpa(elevation_m: float) -> float:
    """Return the mean air pressure at a height, hPa.

    Source:
        ICAO standard atmosphere (Doc 7488), troposphere.
    """
    return SEA_LEVEL_HPA * float((1 - 2.25577e-5 * elevation_m) ** 5.25588)


def vapour_pressure_hpa(dewpoint_c: Floats) -> Floats:
    """Return the saturation vapour pressure over water, hPa. Shape as given.

    Source:
        Magnus form: O. A. Alduchov and R. E. Eskridge (1996), J. Appl. Meteorol. 35, 601,
        doi:10.1175/1520-0450(1996)035<0601:IMFAOS>2.0.CO;2; within 0.4 % from -40 to 50 degC.
    """
    return 6.1094 * np.exp(17.625 * dewpoint_c / (dewpoint_c + 243.04))


def dewpoint_c(drybulb_c: Floats, humidity_pct: Floats) -> Floats:
    """Return the dew point, degC. Shapes (T,).

    Args:
        drybulb_c: Air temperature, degC.
        humidity_pct: Relative humidity over water, above 0 to 100 %.
    """
    logarithm = np.log(np.clip(humidity_pct, 0.1, 100.0) / 100.0)
    part = logarithm + 17.625 * drybulb_c / (drybulb_c + 243.04)
    return 243.04 * part / (17.625 - part)


def wetbulb_c(drybulb_c: Floats, humidity_pct: Floats, elevation_m: float = 0.0) -> Floats:
    """Return the psychrometric wet-bulb temperature, degC. Shapes (T,).

    Solves e(wet bulb) - A p (dry bulb - wet bulb) = vapour pressure by Newton's method, which
    from above converges without fail since the left side rises and is convex.

    Args:
        drybulb_c: Air temperature, degC, -80 to 60.
        humidity_pct: Relative humidity over water, above 0 to 100 %.
        elevation_m: Height of the place, m.

    Source:
        Psychrometer constant 6.62e-4 1/K: WMO-No. 8, Guide to Instruments and Methods of
        Observation, annex 4.B. R. Stull (2011), doi:10.1175/JAMC-D-11-0143.1, approximates
        the same at sea level for 5 to 99 % and -20 to 50 degC within 1 K.
    """
    vapour = vapour_pressure_hpa(drybulb_c) * np.clip(humidity_pct, 0.1, 100.0) / 100.0
    gamma = 6.62e-4 * pressure_hpa(elevation_m)
    wet = np.array(drybulb_c, dtype=np.float64)
    for _ in range(8):
        saturated = vapour_pressure_hpa(wet)
        slope = saturated * 17.625 * 243.04 / (wet + 243.04) ** 2 + gamma
        wet = wet - (saturated - gamma * (drybulb_c - wet) - vapour) / slope
    return np.minimum(wet, drybulb_c)
