# SPDX-License-Identifier: Apache-2.0
"""Typical years of prices, weather, solar and wind, and the statistics they are made from."""

from loadstone.engines.series.calibrate import Subject, calibrate, follow, shape_check
from loadstone.engines.series.calibration import Calibration, HourKind, ShapeCheck
from loadstone.engines.series.filling import FillMethod, fill, gaps
from loadstone.engines.series.moist_air import wetbulb_c
from loadstone.engines.series.shape_model import ShapeModel, shape_calibration
from loadstone.engines.series.solar import SolarPlant, typical_solar
from loadstone.engines.series.typical import typical_prices, typical_values
from loadstone.engines.series.weather import Station, station_weather, typical_weather
from loadstone.engines.series.wind import WindPlant, typical_wind

__all__ = [
    "Calibration",
    "FillMethod",
    "HourKind",
    "ShapeCheck",
    "ShapeModel",
    "SolarPlant",
    "Station",
    "Subject",
    "WindPlant",
    "calibrate",
    "fill",
    "follow",
    "gaps",
    "shape_calibration",
    "shape_check",
    "station_weather",
    "typical_prices",
    "typical_solar",
    "typical_values",
    "typical_weather",
    "typical_wind",
    "wetbulb_c",
]
