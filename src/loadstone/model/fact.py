# SPDX-License-Identifier: Apache-2.0
"""All facts together, and which of them a reader should doubt."""

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from loadstone.model.bitcoin import Bitcoin
from loadstone.model.cooling import CoolingPlant
from loadstone.model.country import Country
from loadstone.model.errors import InputError
from loadstone.model.machine import Miner, Server
from loadstone.model.source import Fact, Source, Sourced
from loadstone.model.spend import SpendCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class FactWarning:
    """A fact that a reader should doubt.

    Attributes:
        path: Where it stands, e.g. "countries.BR.vat".
        reasons: "expired", "not yet in force", "low confidence", "assumption": one or more.
        text: The fact in words.
        source: Key in sources.toml.
    """

    path: str
    reasons: tuple[str, ...]
    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Shipped facts, with the user's laid over them.

    Attributes:
        countries: By ISO 3166-1 code.
        miners: By id.
        servers: By id.
        costs: Assumed costs and lives, by id.
        cooling: Cooling plants, by id.
        bitcoin: Protocol and market.
        sources: By key.
        spend: When an asset's price is paid, by kind, e.g. "ai-hall".
    """

    countries: Mapping[str, Country] = field(hash=False)
    miners: Mapping[str, Miner] = field(hash=False)
    servers: Mapping[str, Server] = field(hash=False)
    costs: Mapping[str, Fact] = field(hash=False)
    cooling: Mapping[str, CoolingPlant] = field(hash=False)
    bitcoin: Bitcoin
    sources: Mapping[str, Source] = field(hash=False)
    spend: Mapping[str, SpendCurve] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for path, value in self.sourced():
            if value.source not in self.sources:
                raise InputError(
                    f"{path}.source", value.source, "must be a key of sources.toml"
                )

    def sourced(self) -> Iterator[tuple[str, Sourced]]:
        """Yield everything that names a source, with its path."""
        return sourced_in({part.name: getattr(self, part.name) for part in fields(self)})

    def warnings(
        self, on: datetime.date, within: Collection[str] = ()
    ) -> tuple[FactWarning, ...]:
        """Return the facts to doubt on a day: expired, early, unsure, chosen from a range.

        Args:
            on: The day.
            within: Paths to look into, e.g. "countries.BR"; empty for all.
        """
        found = []
        for path, value in self.sourced():
            reasons = _reasons(value, on)
            if reasons and _is_within(path, within):
                text = _text(value)
                found.append(
                    FactWarning(path=path, reasons=reasons, text=text, source=value.source)
                )
        return tuple(found)


def _is_within(path: str, within: Collection[str]) -> bool:
    return not within or any(f"{path}.".startswith(f"{part}.") for part in within)


def sourced_in(value: object, path: str = "") -> Iterator[tuple[str, Sourced]]:
    """Yield everything within a value that names a source, with its path.

    Args:
        value: A fact, a record of facts, or a mapping or tuple of them.
        path: Path of the value itself.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from sourced_in(item, _join(path, key))
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from sourced_in(item, _join(path, getattr(item, "id", i)))
    elif is_dataclass(value):
        if isinstance(value, Sourced):
            yield path, value
        for part in fields(value):
            yield from sourced_in(getattr(value, part.name), _join(path, part.name))


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _reasons(value: object, on: datetime.date) -> tuple[str, ...]:
    start = getattr(value, "effective_from", None)
    end = getattr(value, "effective_to", None)
    doubts = {
        "expired": end is not None and end <= on,
        "not yet in force": start is not None and start > on,
        "low confidence": getattr(value, "confidence", "") == "low",
        "assumption": getattr(value, "assumption", False),
    }
    return tuple(reason for reason, holds in doubts.items() if holds)


def _text(value: object) -> str:
    if isinstance(value, Fact):
        number = f"{value.value:g}" if value.unit == "1" else f"{value.value:g} {value.unit}"
        if value.low is None or value.high is None:
            return number
        return f"{number}, from a range of {value.low:g} to {value.high:g}"
    words = (getattr(value, name, None) for name in ("text", "name", "model", "note", "date"))
    return str(next(word for word in words if word))
