# SPDX-License-Identifier: Apache-2.0
"""Sites: places with a grid connection where machines run or may run."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from loadstone.model.bounds import at_least_zero
from loadstone.model.connection import Backup, Connection, Transformers
from loadstone.model.errors import InputError
from loadstone.model.flexibility import Flexibility, check_stacking, check_window
from loadstone.model.gate import Gate
from loadstone.model.hall import Conversion, StandingHall, ai_hall
from loadstone.model.tariff import Tariff

Status = Literal["operating", "building", "planned", "candidate"]
Use = Literal["mining", "ai"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The yes or no of a site that does not run yet.

    Attributes:
        fixed_cost: Paid once when the site opens, network currency.
        yearly_cost: Paid every year from then on, network currency.
        minimum_mw: Least connection of an open site, MW.
    """

    fixed_cost: float = 0.0
    yearly_cost: float = 0.0
    minimum_mw: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(self, "fixed_cost", "yearly_cost", "minimum_mw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Machines that stand at a site today.

    Attributes:
        model: Id of the miner or server model.
        mw: Rated power of the machines, MW at their plugs.
        installed: Date they began to run; with the model's life it says when they retire.
    """

    model: str
    mw: float
    installed: date

    def __post_init__(self) -> None:
        at_least_zero(self, "mw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Most that may stand at a site; 0 where nothing of the kind may be built.

    Attributes:
        mining_mw: Miners, MW at their plugs.
        ai_mw: AI servers, MW at their plugs.
        solar_mw: Solar, MW.
        wind_mw: Wind, MW.
        battery_mw: Battery power, MW.
        battery_mwh: Battery energy, MWh.
    """

    mining_mw: float | None = None
    ai_mw: float | None = None
    solar_mw: float = 0.0
    wind_mw: float = 0.0
    battery_mw: float = 0.0
    battery_mwh: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            at_least_zero(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A time in which a use must stand still, by contract or by a rule of the user.

    Attributes:
        use: What must stand still.
        months: Local calendar months, 1 to 12; empty means all.
        hours: Local hours, 0 to 23; empty means all.
        source: Where it is written.
    """

    use: Use = "mining"
    months: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    source: str

    def __post_init__(self) -> None:
        check_window(self.months, self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Power that a use must draw around the clock, because it was promised.

    Attributes:
        use: The use that was promised.
        mw: Power at the machines' plugs, MW.
        source: The contract.
    """

    use: Use
    mw: float
    source: str

    def __post_init__(self) -> None:
        at_least_zero(self, "mw")


@dataclass(frozen=True, slots=True, kw_only=True)
class AiSales:
    """How the AI power of a site is sold; what is not contracted is sold spot.

    Attributes:
        contracted_share: Part of the GPUs under contract, 0 to 1.
        contracted_price_factor: Contract price over the spot price of the same GPU.
        floor: Part of the contracted power that must always run, 0 to 1.
        utilisation: Part of the spot GPU-hours that find a buyer, 0 to 1.
        firm_share: Part of the AI power that firm connection and backup must carry, 0 to 1.
        workload: Kind of work, as cap curves of servers name it; "" takes their first curve.
    """

    contracted_share: float = 0.0
    contracted_price_factor: float = 1.0
    floor: float = 0.0
    utilisation: float = 0.7
    firm_share: float = 1.0
    workload: str = ""

    def __post_init__(self) -> None:
        at_least_zero(self, "contracted_price_factor")
        for name in ("contracted_share", "floor", "utilisation", "firm_share"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(name, value, "must be from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place.

    Attributes:
        id: Name of its file.
        name: Name for people.
        country: ISO 3166-1 code, e.g. "RU".
        zone: Grid zone of that country, e.g. "RU-2".
        region: ISO 3166-2 code, for rules of a region, e.g. "RU-IRK".
        latitude, longitude: Position, degrees.
        station: Zone of its weather series, usually a climate station's id.
        status: Where it stands in its life.
        status_date: Date of that status.
        connection: The grid connection.
        transformers: Its transformers; None where the price of the connection has them in it.
        backup: Generation on fuel, for when the connection is not enough.
        firmness: Whether AI must be carried by firm connection and backup; None takes the
            network's answer.
        opening: What opening costs; sites that operate or have a connection have none.
        supply: What power costs: tariffs, contracts, own generation.
        standing: Machines there today.
        halls: Halls there today. Of each kind the larger of these and of the machines that
            need one stands.
        conversions: Mining halls that may become AI halls.
        limits: Most that may be built.
        miners, servers: Models that may be built; None takes the network's.
        mining_cooling: Id of the cooling plant of mining halls.
        ai_cooling: Ids of the cooling plants of AI halls, at most one for each kind of hall.
        gates: What must be settled before a use may be built.
        owner: ISO 3166-1 code of the owner, for eligibility; None takes the network's.
        clauses: Times in which a use must stand still.
        obligations: Power that was promised.
        flexibility: Products that pay for giving power back.
        response_s: Time within which the site's control is proven to act, seconds; without it
            nothing is sold that asks for a response.
        ai_sales: How AI power is sold here; None takes the network's.
        incentives: Ids of the country's incentives whose conditions the site meets.
        note: Anything a reader should know.
    """

    id: str
    name: str
    country: str
    zone: str
    region: str = ""
    latitude: float
    longitude: float
    station: str
    status: Status
    status_date: date
    connection: Connection
    opening: Opening | None = None
    supply: tuple[Tariff, ...]
    standing: tuple[Standing, ...] = ()
    halls: tuple[StandingHall, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    limits: Limits = Limits()
    miners: tuple[str, ...] | None = None
    servers: tuple[str, ...] | None = None
    mining_cooling: str = "mining-air"
    ai_cooling: tuple[str, ...] = ("ai-chilled-water",)
    gates: tuple[Gate, ...] = ()
    owner: str | None = None
    clauses: tuple[Clause, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    flexibility: tuple[Flexibility, ...] = ()
    response_s: float | None = None
    ai_sales: AiSales | None = None
    transformers: Transformers | None = None
    backup: Backup | None = None
    firmness: bool | None = None
    incentives: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not -90 <= self.latitude <= 90:
            raise InputError("latitude", self.latitude, "must be from -90 to 90")
        if not -180 <= self.longitude <= 180:
            raise InputError("longitude", self.longitude, "must be from -180 to 180")
        if not self.supply:
            raise InputError("supply", (), "must say what power costs")
        kinds = [ai_hall(plant) for plant in self.ai_cooling]
        if not kinds or len(set(kinds)) < len(kinds):
            rule = "must name at least one, and at most one for each kind of hall"
            raise InputError("ai_cooling", self.ai_cooling, rule)
        into = [one.into for one in self.conversions]
        if len(set(into)) < len(into):
            raise InputError("conversions.into", into, "must be named once each")
        self._check_sizes()
        at_least_zero(self, "response_s")
        check_stacking(self.flexibility)
        if self.status == "operating" and self.opening is not None:
            raise InputError("opening", self.opening, "is for sites that do not operate yet")
        if self.opening is not None and self.connection.exists_mw:
            rule = "must be 0 where the site has yet to open; it then opens with what is built"
            raise InputError("connection.existing_mw", self.connection.exists_mw, rule)
        if self.status == "operating" and not self.connection.exists_mw:
            rule = "must be above 0 where a site operates"
            raise InputError("connection.existing_mw", 0.0, rule)

        self._check_behind_connection()

    def _check_behind_connection(self) -> None:
        """Refuse transformers and backup that do not fit the connection or the opening."""
        units, backup = self.transformers, self.backup
        if units is not None and self.connection.off_grid:
            rule = "must not be given where a site is off the grid"
            raise InputError("transformers", "given", rule)
        if units is not None and self.connection.exists_mw > units.carries_mw:
            rule = f"must carry the {self.connection.exists_mw:g} MW that are connected"
            raise InputError("transformers.standing", units.standing, rule)
        if self.opening is not None:
            rule = "must be 0 where the site has yet to open; it then opens with what is built"
            if units is not None and units.standing:
                raise InputError("transformers.standing", units.standing, rule)
            if backup is not None and backup.existing_mw:
                raise InputError("backup.existing_mw", backup.existing_mw, rule)
        names = [entry.name for entry in self.supply if entry.kind == "own_generation"]
        if backup is not None and "backup" in names:
            raise InputError("supply", "backup", "must have another name beside [backup]")

    def _check_sizes(self) -> None:
        rule = f"must be at most connection.max_mw {self.connection.most_mw:g}"
        if self.opening is not None and self.opening.minimum_mw > self.connection.most_mw:
            raise InputError("opening.minimum_mw", self.opening.minimum_mw, rule)
        for i, promise in enumerate(self.obligations):
            if promise.mw > self.connection.most_mw and not self.connection.off_grid:
                raise InputError(f"obligations[{i}].mw", promise.mw, rule)
