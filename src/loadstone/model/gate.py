# SPDX-License-Identifier: Apache-2.0
"""Gates: what a site waits for before a use may be built there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from loadstone.model.errors import InputError

GateKind = Literal["land", "permit", "fibre", "water"]
GateUse = Literal["mining", "ai"]

AI_ROUTES = 2
"""Routes of fibre without which no tenant or customer of AI comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Something that must be settled before a use may be built.

    It holds back what is built or let from then on; what stands already is not touched.

    Attributes:
        kind: "land", "permit", "fibre", or "water", which holds back only halls that cool with
            evaporating water.
        uses: What it holds back.
        opens: Day on which it is expected to be settled; None for never.
        probability: How likely that is, 0 to 1. A plan takes the day as given; the probability
            is kept for its valuation.
        routes: Separate routes of fibre; with less than two no AI comes. Only of fibre.
        source: Who says so.
    """

    kind: GateKind
    uses: tuple[GateUse, ...]
    opens: date | None = None
    probability: float = 1.0
    routes: int | None = None
    source: str

    def __post_init__(self) -> None:
        if not self.uses or len(set(self.uses)) < len(self.uses):
            raise InputError("uses", self.uses, "must name at least one use, each once")
        if not 0 <= self.probability <= 1:
            raise InputError("probability", self.probability, "must be from 0 to 1")
        if (self.kind == "fibre") != (self.routes is not None):
            rule = 'must be given with kind = "fibre", and only then'
            raise InputError("routes", self.routes, rule)
        if self.routes is not None and self.routes < 0:
            raise InputError("routes", self.routes, "must be at least 0")

    @property
    def too_few_routes(self) -> bool:
        """Whether it is fibre that no AI comes to."""
        return self.routes is not None and self.routes < AI_ROUTES

    def holds_back(self, use: str, on: date, *, evaporative: bool) -> bool:
        """Tell whether a use may not be built on a day.

        Args:
            use: "mining" or "ai".
            on: The day.
            evaporative: Whether the halls of the use cool with evaporating water.
        """
        if use not in self.uses or (self.kind == "water" and not evaporative):
            return False
        late = self.opens is None or on < self.opens
        return late or (use == "ai" and self.too_few_routes)

    @property
    def text(self) -> str:
        """It in words."""
        thing = self._fibre or self.kind
        return f"{thing} for {self._for} is {self._expected}{self._few}"

    @property
    def waiting(self) -> str:
        """What it holds back, in words."""
        thing = self._fibre or {"permit": "a permit"}.get(self.kind, self.kind)
        return f"what is new for {self._for} waits for {thing}, {self._expected}{self._few}"

    @property
    def _fibre(self) -> str:
        if self.routes is None:
            return ""
        return f"fibre on {self.routes} route{'' if self.routes == 1 else 's'}"

    @property
    def _for(self) -> str:
        return " and ".join("AI" if use == "ai" else use for use in self.uses)

    @property
    def _expected(self) -> str:
        return "not expected" if self.opens is None else f"expected on {self.opens}"

    @property
    def _few(self) -> str:
        return "; AI needs two routes" if self.too_few_routes and "ai" in self.uses else ""


def closed_by(
    gates: Sequence[Gate], use: str, on: date, *, evaporative: bool
) -> tuple[Gate, ...]:
    """Return the gates that hold back a use on a day; see `Gate.holds_back`."""
    return tuple(g for g in gates if g.holds_back(use, on, evaporative=evaporative))
