# SPDX-License-Identifier: Apache-2.0
"""The grid connection of a site, its transformers, and generation for when it fails."""

from dataclasses import dataclass
from datetime import date

from loadstone.model.bounds import at_least_zero
from loadstone.model.errors import InputError

HOURS_A_YEAR = 8760.0


def in_years(day: date) -> float:
    """Return a day in calendar years, e.g. 2027.0 for the first of January."""
    return day.year + (day.timetuple().tm_yday - 1) / 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Local hours of the year in which the grid takes non-firm power away.

    Attributes:
        months: Local calendar months, 1 to 12; empty means all.
        hours: Local hours, 0 to 23; empty means all.
    """

    months: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(not 1 <= month <= 12 for month in self.months):
            raise InputError("months", self.months, "must be 1 to 12")
        if any(not 0 <= hour <= 23 for hour in self.hours):
            raise InputError("hours", self.hours, "must be 0 to 23")
        if not self.months and not self.hours:
            raise InputError("hours", (), "must name months, hours, or both")


@dataclass(frozen=True, slots=True, kw_only=True)
class NonFirm:
    """Power that may be drawn only while the grid has room for it.

    Where a series and cut hours are both given, both take power away.

    Attributes:
        existing_mw: Non-firm power that may be drawn today, MW at the meter.
        max_mw: Most that may ever be connected so, MW at the meter.
        series: Zone of an availability series, 0 to 1: the share that may be drawn.
        cut: Hours in which nothing may be drawn.
        cost_per_mw: Price of a new MW, network currency; None takes that of the connection.
        lead_time_years: Time from the decision to the first new MW, years.
    """

    existing_mw: float = 0.0
    max_mw: float
    series: str = ""
    cut: tuple[Cut, ...] = ()
    cost_per_mw: float | None = None
    lead_time_years: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(self, "existing_mw", "max_mw", "cost_per_mw", "lead_time_years")
        if self.existing_mw > self.max_mw:
            rule = f"must be at most max_mw {self.max_mw}"
            raise InputError("existing_mw", self.existing_mw, rule)
        if not self.series and not self.cut:
            rule = "must say when power is taken away: series, cut, or both"
            raise InputError("cut", (), rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """MW that the grid promises to energise on a day.

    Attributes:
        mw: How much, MW at the meter.
        energised: The day from which it may be drawn.
        firm: Whether it may always be drawn; else it belongs to the non-firm connection.
        deposit_per_mw: Paid ahead and paid back on that day, network currency/MW.
        deposit_paid: The day on which the deposit is paid; None where there is none.
        source: The agreement with the grid.
    """

    mw: float
    energised: date
    firm: bool = True
    deposit_per_mw: float = 0.0
    deposit_paid: date | None = None
    source: str

    def __post_init__(self) -> None:
        at_least_zero(self, "mw", "deposit_per_mw")
        if (self.deposit_per_mw > 0) != (self.deposit_paid is not None):
            rule = "must be given where there is a deposit_per_mw, and only there"
            raise InputError("deposit_paid", self.deposit_paid, rule)
        if self.deposit_paid is not None and self.deposit_paid > self.energised:
            rule = f"must be no later than energised {self.energised}"
            raise InputError("deposit_paid", self.deposit_paid, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The right to draw power at one point of the grid.

    Attributes:
        existing_mw: Firm power that may be drawn today, MW at the meter.
        max_mw: Most firm power that may ever be connected, MW at the meter.
        lead_time_years: Time from the decision to the first new MW, years; where there are
            tranches, their dates take its place.
        cost_per_mw: Price of a new MW, network currency; None takes the shipped assumption.
        life_years: Years over which the connection is paid.
        export_share: Part of the firm MW that may feed power back, 0 to 1.
        block_mw: Size of the whole blocks that new connection comes in; None for any amount.
        off_grid: Whether the site runs on its own generation, isolated from the grid.
        non_firm: Power that may be drawn only while the grid has room.
        tranches: What the grid promises to energise, earliest first; without any, new MW come
            after the lead time.
        exit_fee_per_mw: Paid for each contracted MW that is given up, network currency; None
            where none can be given up.
    """

    existing_mw: float = 0.0
    max_mw: float
    lead_time_years: float = 0.0
    cost_per_mw: float | None = None
    life_years: float = 25.0
    export_share: float = 0.0
    block_mw: float | None = None
    off_grid: bool = False
    non_firm: NonFirm | None = None
    tranches: tuple[Tranche, ...] = ()
    exit_fee_per_mw: float | None = None

    def __post_init__(self) -> None:
        at_least_zero(self, "existing_mw", "max_mw", "lead_time_years", "cost_per_mw")
        at_least_zero(self, "export_share", "block_mw", "exit_fee_per_mw")
        if self.existing_mw > self.max_mw:
            rule = f"must be at most max_mw {self.max_mw}"
            raise InputError("existing_mw", self.existing_mw, rule)
        if self.export_share > 1:
            raise InputError("export_share", self.export_share, "must be at most 1")
        if self.life_years <= 0:
            raise InputError("life_years", self.life_years, "must be above 0")
        if self.off_grid and (self.non_firm is not None or self.tranches):
            raise InputError("off_grid", True, "has no connection: no non_firm, no tranches")
        self._check_tranches()

    def _check_tranches(self) -> None:
        days = [tranche.energised for tranche in self.tranches]
        if days != sorted(days):
            shown = [str(day) for day in days]
            raise InputError("tranches", shown, "must be in the order of their dates")
        for firm in (True, False):
            mw = sum(tranche.mw for tranche in self.tranches_of(firm=firm))
            if not firm and mw and self.non_firm is None:
                raise InputError("tranches", mw, "are not firm and need [connection.non_firm]")
            of = self if firm else self.non_firm
            if of is not None and mw and of.existing_mw + mw > of.max_mw + 1e-9:
                rule = (
                    f"must be at most {of.max_mw - of.existing_mw:g} MW together, which "
                    f"{'max_mw' if firm else 'non_firm.max_mw'} leaves beside existing_mw"
                )
                raise InputError("tranches", mw, rule)

    @property
    def most_mw(self) -> float:
        """Most firm and non-firm power that may ever be connected, MW at the meter."""
        return self.max_mw + (self.non_firm.max_mw if self.non_firm else 0.0)

    @property
    def exists_mw(self) -> float:
        """Firm and non-firm power that may be drawn today, MW at the meter."""
        return self.existing_mw + (self.non_firm.existing_mw if self.non_firm else 0.0)

    def tranches_of(self, *, firm: bool) -> tuple[Tranche, ...]:
        """Return the tranches that are firm, or those that are not."""
        return tuple(tranche for tranche in self.tranches if tranche.firm == firm)

    def ready(self, decided: float) -> float:
        """Return when the first new MW may be drawn, in calendar years.

        Args:
            decided: The day of the decision, in calendar years.
        """
        firm = self._ready(decided + self.lead_time_years, firm=True)
        if self.non_firm is None:
            return firm
        return min(firm, self._ready(decided + self.non_firm.lead_time_years, firm=False))

    def _ready(self, after_lead: float, *, firm: bool) -> float:
        tranches = self.tranches_of(firm=firm)
        return in_years(tranches[0].energised) if tranches else after_lead


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformers:
    """The transformers between the grid and a site: whole units of one size.

    Attributes:
        unit_mw: Power of one, MW at the meter.
        standing: Units that stand today.
        max_units: Most units that may stand.
        redundancy: Units that may fail at once while firm load runs on: 1 is N-1.
        cost_per_unit: Price of a unit, network currency; None takes the shipped assumption
            per MW.
        lead_time_years: Time from the decision to a new unit, years; None takes the shipped
            assumption.
        life_years: Years over which a unit is paid; None takes the shipped assumption.
        reserve_usable: Whether load that may be interrupted may use the units that stand in
            reserve, which the utility decides.
    """

    unit_mw: float
    standing: int = 0
    max_units: int
    redundancy: int = 1
    cost_per_unit: float | None = None
    lead_time_years: float | None = None
    life_years: float | None = None
    reserve_usable: bool = True

    def __post_init__(self) -> None:
        at_least_zero(self, "unit_mw", "standing", "max_units", "redundancy")
        at_least_zero(self, "cost_per_unit", "lead_time_years", "life_years")
        if not self.unit_mw:
            raise InputError("unit_mw", self.unit_mw, "must be above 0")
        if self.standing > self.max_units:
            rule = f"must be at most max_units {self.max_units}"
            raise InputError("standing", self.standing, rule)
        if 0 < self.standing < self.redundancy:
            rule = f"must be 0, or at least redundancy {self.redundancy}"
            raise InputError("standing", self.standing, rule)
        if self.redundancy >= self.max_units:
            rule = f"must be less than max_units {self.max_units}: all may not fail"
            raise InputError("redundancy", self.redundancy, rule)
        if self.life_years == 0:
            raise InputError("life_years", self.life_years, "must be above 0")

    @property
    def carries_mw(self) -> float:
        """Connection that the units standing today may carry, MW at the meter."""
        spare = 0 if self.reserve_usable else self.redundancy
        return self.unit_mw * max(0, self.standing - spare)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Generation at a site that runs on fuel, for when the connection is not enough.

    Attributes:
        existing_mw: What stands today, MW.
        max_mw: Most that may stand, MW.
        cost_per_mw: Price of a new MW, network currency; None takes the shipped assumption.
        fuel_per_mwh: Price of its fuel, network currency/MWh of power; None takes the shipped
            assumption.
        max_hours: Hours a year at full power that its permit allows; 8,760 for any.
        lead_time_years: Time from the decision to new MW, years; None takes the shipped
            assumption.
    """

    existing_mw: float = 0.0
    max_mw: float
    cost_per_mw: float | None = None
    fuel_per_mwh: float | None = None
    max_hours: float = 500.0
    lead_time_years: float | None = None

    def __post_init__(self) -> None:
        at_least_zero(self, "existing_mw", "max_mw", "cost_per_mw", "fuel_per_mwh")
        at_least_zero(self, "max_hours", "lead_time_years")
        if self.max_hours > HOURS_A_YEAR:
            rule = f"must be at most {HOURS_A_YEAR:g}, the hours of a year"
            raise InputError("max_hours", self.max_hours, rule)
        if self.existing_mw > self.max_mw:
            rule = f"must be at most max_mw {self.max_mw}"
            raise InputError("existing_mw", self.existing_mw, rule)

    @property
    def limited(self) -> bool:
        """Whether its hours are limited."""
        return self.max_hours < HOURS_A_YEAR
