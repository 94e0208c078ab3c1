# SPDX-License-Identifier: Apache-2.0
"""Lines of futures.toml from a history file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from loadstone.adapters.sources.history import History, Take, read_history
from loadstone.engines.outlook.fitting import fit_hashrate, fit_level, fit_walk
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.futures.level import Level
from loadstone.model.futures.mining import Hashrate

_Read = Callable[[str, Take], History]
Factor = Literal["btc", "hashrate", "power", "fx", "ai"]
_HEADS: Mapping[str, str] = {
    "btc": "[btc]",
    "hashrate": "[hashrate]",
    "power": "[power.each.{name}]",
    "fx": "[fx.each.{name}]",
    "ai": "[ai.each.{name}]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FuturesFit:
    """Parameters of one factor.

    Attributes:
        factor: "btc", "hashrate", "power", "fx" or "ai".
        table: Head of the table in futures.toml.
        found: The parameters.
        months: How many months they were computed from.
    """

    factor: str
    table: str
    found: Level | Hashrate
    months: int

    @property
    def values(self) -> dict[str, object]:
        """The parameters as they go into the file."""
        rows = {one: getattr(self.found, one.name) for one in fields(self.found)}
        said = {one.name: _shown(value) for one, value in rows.items() if value != one.default}
        return said | {"confidence": self.found.confidence}

    @property
    def lines(self) -> list[str]:
        """The lines of futures.toml."""
        rows = [
            f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
            for name, value in self.values.items()
        ]
        return [self.table, *rows]


def fit_file(
    file: Path,
    factor: Factor,
    *,
    name: str,
    time: str | None = None,
    value: str | None = None,
    where: Mapping[str, str] | None = None,
    since: str = "",
) -> FuturesFit:
    """Return the parameters of a factor from a file.

    btc takes the last price of each month, fx the mean: both walk. power takes the mean and
    leaves seasons out; ai takes the median of the quotes and leaves the trend out. hashrate
    needs hashprice and hashrate in one file; the last of each month.

    Args:
        file: CSV or Parquet.
        factor: What the file holds.
        name: Zone, currency or generation.
        time, value, where, since: As in `read_history`; for hashrate, value is hashprice.

    Raises:
        InputErrors: All that is wrong, with its place.
        OutsideError: The file cannot be read.
    """
    if factor not in get_args(Factor):
        rule = f"must be one of {', '.join(get_args(Factor))}"
        raise InputErrors([InputError("--as", factor, rule)])

    def read(meaning: str, take: Take) -> History:
        column = None if meaning == "hashrate" else value
        return read_history(
            file, meaning, take=take, time=time, value=column, where=where, since=since
        )

    try:
        found, history = _fitted(factor, read)
    except InputError as error:
        raise InputErrors([error if error.file else error.in_file(file.name)]) from error
    return FuturesFit(
        factor=factor,
        table=_HEADS[factor].format(name=name),
        found=found,
        months=history.values.size,
    )


def _fitted(factor: str, read: _Read) -> tuple[Level | Hashrate, History]:
    if factor == "btc":
        history = read("btc", "last")
        return fit_walk(history.values, source=history.source), history
    if factor == "fx":
        history = read("fx", "mean")
        return fit_walk(history.values, source=history.source), history
    if factor == "power":
        history = read("power", "mean")
        made = fit_level(history.values, source=history.source, month=history.month)
        return made, history
    if factor == "ai":
        history = read("ai", "median")
        return fit_level(history.values, source=history.source, trend=True), history
    history, second = read("hashprice", "last"), read("hashrate", "last")
    if (history.first, history.last) != (second.first, second.last):
        rule = f"must have the months of {history.column}, {history.first} to {history.last}"
        raise InputError(second.column, f"{second.first} to {second.last}", rule)
    return fit_hashrate(history.values, second.values, source=history.source), history


def _shown(value: object) -> object:
    return float(f"{value:.3g}") if isinstance(value, float) else value
