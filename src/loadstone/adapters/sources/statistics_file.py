# SPDX-License-Identifier: Apache-2.0
"""Calibration statistics as JSON, and the ones that are shipped."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np

from loadstone.engines.series import (
    Calibration,
    HourKind,
    ShapeCheck,
    ShapeModel,
    Station,
    shape_calibration,
)
from loadstone.model.errors import InputError

Table = dict[str, Any]

DIGITS = 4
_ARRAYS = (
    *("mean", "spread", "places", "quantiles", "least_share", "most_share"),
    *("weekday_score", "autocorrelation"),
)
_KINDS = ("negative", "floor", "spike")
_MEMORY_PLACE = "Toronto"


def to_table(calibration: Calibration) -> Table:
    """Return statistics as plain numbers and texts, rounded to 4 significant digits."""
    table: Table = {}
    for field in fields(calibration):
        value = getattr(calibration, field.name)
        if isinstance(value, np.ndarray):
            value = _rounded(value.tolist())
        elif isinstance(value, HourKind):
            value = _rounded(asdict(value))
        elif field.name == "checks":
            value = [_rounded(asdict(check)) for check in value]
        elif isinstance(value, tuple):
            value = _rounded(list(value))
        elif isinstance(value, float):
            value = _rounded(value)
        table[field.name] = value
    return table


def from_table(table: Mapping[str, Any]) -> Calibration:
    """Return the statistics of a table that `to_table` made.

    Raises:
        InputError: A field is unknown, missing or of the wrong shape.
    """
    known = {field.name for field in fields(Calibration)}
    for name in table:
        if name not in known:
            raise InputError(name, table[name], "is no field of calibration statistics")
    values = dict(table)
    try:
        for name in _ARRAYS:
            values[name] = np.array(table[name], dtype=np.float64)
        for name in _KINDS:
            values[name] = HourKind(**table[name])
        values["checks"] = tuple(ShapeCheck(**check) for check in table.get("checks", ()))
        for name in ("years", "lags", "value_autocorrelation"):
            values[name] = tuple(table[name])
        return Calibration(**values)
    except (KeyError, TypeError) as error:
        raise InputError("statistics", str(error), "must have every field once") from error


def write_text(tables: Mapping[str, Table]) -> str:
    """Return statistics as JSON, one line for each innermost row of numbers."""
    return _lines(dict(tables), 0) + "\n"


def price_zones() -> tuple[str, ...]:
    """Return the zones whose price statistics or shape are shipped."""
    observed = {path.name.removesuffix(".json") for path in _folder("prices").iterdir()}
    return tuple(sorted(observed | set(_shapes())))


@cache
def read_calibration(zone: str) -> Calibration:
    """Return the shipped price statistics of a zone.

    Raises:
        InputError: None are shipped for it.
    """
    if zone in _shapes():
        return shape_calibration(_shapes()[zone])
    path = _folder("prices") / f"{zone}.json"
    if zone not in price_zones():
        raise InputError("typical", zone, f"must be one of {', '.join(price_zones())}")
    return from_table(json.loads(path.read_text("utf-8"))["price"])


def weather_places() -> tuple[str, ...]:
    """Return the observed places whose weather statistics are shipped."""
    names = (path.name for path in _folder("weather").iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names))


@cache
def read_weather_calibration(place: str) -> tuple[Calibration, Calibration]:
    """Return shipped statistics of air temperature and of wet-bulb depression.

    Raises:
        InputError: None are shipped for the place.
    """
    if place not in weather_places():
        raise InputError("typical", place, f"must be one of {', '.join(weather_places())}")
    tables = json.loads((_folder("weather") / f"{place}.json").read_text("utf-8"))
    return from_table(tables["drybulb_c"]), from_table(tables["wetbulb_depression_k"])


def weather_memory() -> Calibration:
    """Return the place whose memory synthetic weather takes: continental and observed."""
    return read_weather_calibration(_MEMORY_PLACE)[0]


@cache
def read_stations() -> Mapping[str, Station]:
    """Return the shipped climate stations by id."""
    table = tomllib.loads((_data() / "stations.toml").read_text("utf-8"))
    said = table["said"]
    return {key: Station(id=key, source=said, **row) for key, row in table["stations"].items()}


@cache
def _shapes() -> Mapping[str, ShapeModel]:
    table = tomllib.loads((_data() / "shapes.toml").read_text("utf-8"))
    said = {"date": str(table["date"]), "source": table["said"]}
    return {
        zone: _shape({"zone": zone, **said, **row}) for zone, row in table["shapes"].items()
    }


def _shape(row: Table) -> ShapeModel:
    values: Table = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return ShapeModel(**values)


def _data() -> Traversable:
    return files("loadstone") / "data" / "typical"


def _folder(name: str) -> Traversable:
    return _data() / name


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return value


def _lines(value: Any, depth: int) -> str:
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and value:
        rows = [
            f"{pad}{json.dumps(key)}: {_lines(one, depth + 1)}" for key, one in value.items()
        ]
        return "{\n" + ",\n".join(rows) + f"\n{end}}}"
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        rows = [pad + _lines(one, depth + 1) for one in value]
        return "[\n" + ",\n".join(rows) + f"\n{end}]"
    return json.dumps(value, ensure_ascii=False)
