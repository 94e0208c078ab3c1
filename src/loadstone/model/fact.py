# SPDX-License-Identifier: Apache-2.0
"""All facts together, and which of them a reader should doubt."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from loadstone.model.bitcoin import Bitcoin
from loadstone.model.cooling import CoolingPlant
from loadstone.model.country import Country
from loadstone.model.errors import InputError
from loadstone.model.machine import Miner, Server
from loadstone.model.source import Fact, Source, Sourced


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
    """

    countries: Mapping[str, Country] = field(hash=False)
    miners: Mapping[str, Miner] = field(hash=False)
    servers: Mapping[str, Server] = field(hash=False)
    costs: Mapping[str, Fact] = field(hash=False)
    cooling: Mapping[str, CoolingPlant] = field(hash=False)
    bitcoin: Bitcoin
    sources: Mapping[str, Source] = field(hash=False)

    def __post_init__(self) -> None:
        for path, value in self.sourced():
            if value.source not in self.sources:
                raise InputError(
                    f"{path}.source", value.source, "must be a key of sources.toml"
                )

    def sourced(self) -> Iterator[tuple[str, Sourced]]:
        """Yield everything that names a source, with its path."""
        for name in ("countries", "miners", "servers", "costs", "cooling", "bitcoin"):
            yield from _walk(name, getattr(self, name))

    def warnings(self, on: datetime.date) -> tuple[FactWarning, ...]:
        """Return the facts to doubt on a day: expired, early, unsure, or chosen from a range."""
        found = []
        for path, value in self.sourced():
            reasons = _reasons(value, on)
            if reasons:
                text = _text(value)
                found.append(
                    FactWarning(path=path, reasons=reasons, text=text, source=value.source)
                )
        return tuple(found)


def _walk(path: str, value: object) -> Iterator[tuple[str, Sourced]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(f"{path}.{key}", item)
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _walk(f"{path}.{getattr(item, 'id', i)}", item)
    elif is_dataclass(value):
        if isinstance(value, Sourced):
            yield path, value
        for part in fields(value):
            yield from _walk(f"{path}.{part.name}", getattr(value, part.name))


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
        if value.low is None or value.high is None:
            return f"{value.value:g} {value.unit}"
        return f"{value.value:g} {value.unit}, from a range of {value.low:g} to {value.high:g}"
    for name in ("text", "name", "model", "note", "date"):
        words = getattr(value, name, None)
        if words:
            return str(words)
    return type(value).__name__
