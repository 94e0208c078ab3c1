# SPDX-License-Identifier: Apache-2.0
"""Hourly series: importing them, their folder in a network, and the statistics shipped."""

from loadstone.adapters.sources.calibrating import calibrate_file
from loadstone.adapters.sources.folder import SeriesLibrary, read_series_folder, write_series
from loadstone.adapters.sources.futures_fit import Factor, FuturesFit, fit_file
from loadstone.adapters.sources.importing import Imported, Request, import_series
from loadstone.adapters.sources.statistics_file import (
    from_table,
    price_zones,
    read_calibration,
    read_stations,
    read_weather_calibration,
    to_table,
    weather_places,
    write_text,
)
from loadstone.adapters.sources.typical_entry import typical_series
from loadstone.adapters.sources.weather_years import WeatherYear, read_weather_years

__all__ = [
    "Factor",
    "FuturesFit",
    "Imported",
    "Request",
    "SeriesLibrary",
    "WeatherYear",
    "calibrate_file",
    "fit_file",
    "from_table",
    "import_series",
    "price_zones",
    "read_calibration",
    "read_series_folder",
    "read_stations",
    "read_weather_calibration",
    "read_weather_years",
    "to_table",
    "typical_series",
    "weather_places",
    "write_series",
    "write_text",
]
