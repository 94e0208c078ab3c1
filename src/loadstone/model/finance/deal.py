# SPDX-License-Identifier: Apache-2.0
"""Deals between investors: who pays in, and who gets what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from loadstone.model.bounds import at_least_zero, plain_name
from loadstone.model.capital import Investor
from loadstone.model.eligibility import COUNTRY
from loadstone.model.errors import InputError
from loadstone.model.money import CURRENCY, Money, exponent

Style = Literal["european", "american"]
Calls = Literal["pro rata", "in order"]
Compounding = Literal["compound", "simple"]
Days = Literal["actual/365", "30/360"]
Basis = Literal["committed", "invested"]

SPONSOR, MANAGER = "sponsor", "manager"
MOST_MONTHS = 12
PORTFOLIO = "portfolio"
_RESERVED = (SPONSOR, MANAGER)


def check_scope(scope: str) -> None:
    """Refuse what is no scope: "portfolio", "country:" and a code, or "site:" and an id.

    Raises:
        InputError: It is none.
    """
    kind, _, name = scope.partition(":")
    if scope != PORTFOLIO and (kind not in {"country", "site"} or not name):
        rule = 'must be "portfolio", "country:" and a code, or "site:" and an id'
        raise InputError("scope", scope, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """What one investor commits to a deal.

    Attributes:
        investor: Id of an investor of network.toml, or of one that only this deal knows.
        country: ISO 3166-1 code of an investor that network.toml does not name.
        commitment: Most that is called for projects and not yet paid back, in the deal's
            currency; fees are called on top.
        currency: ISO 4217 code in which it pays and is paid; "" for the deal's.
        carried: Whether its profit pays carry; a sponsor's own money mostly does not.
    """

    investor: str
    country: str = ""
    commitment: float
    currency: str = ""
    carried: bool = True

    def __post_init__(self) -> None:
        plain_name(self, "investor")
        at_least_zero(self, "commitment")
        if self.investor in _RESERVED:
            raise InputError("investor", self.investor, "must not be a party's own word")
        if self.country and not COUNTRY.fullmatch(self.country):
            rule = "must be an ISO 3166-1 code of two letters"
            raise InputError("country", self.country, rule)
        if self.currency:
            exponent(self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdle:
    """A return that investors must have had before the sponsor takes more.

    Attributes:
        rate: The preferred return a year, e.g. 0.08.
        carry: Share of further profit that the sponsor takes, e.g. 0.20.
        catch_up: Share that goes to the sponsor, once the hurdle is met, until it has its carry
            of all profit so far: 1.0 is a full catch-up, 0 none.
    """

    rate: float
    carry: float
    catch_up: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise InputError("rate", self.rate, "must be at least 0 and below 1")
        if not 0 <= self.carry < 1:
            raise InputError("carry", self.carry, "must be at least 0 and below 1")
        if self.catch_up and not self.carry < self.catch_up <= 1:
            rule = f"must be 0, or above the carry, {self.carry:g}, and at most 1"
            raise InputError("catch_up", self.catch_up, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What the manager is paid; called from investors on top of what projects need.

    Attributes:
        management: Share of the basis a year, from the first call on.
        basis: "committed", or "invested" for capital that is called and not yet paid back.
        acquisition: Share of each call for a project.
    """

    management: float = 0.0
    basis: Basis = "committed"
    acquisition: float = 0.0

    def __post_init__(self) -> None:
        for name in ("management", "acquisition"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(name, getattr(self, name), "must be at least 0 and below 1")

    def __bool__(self) -> bool:
        return self.management > 0 or self.acquisition > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clawback:
    """What a sponsor gives back at the end where early deals paid it too much.

    Attributes:
        interest: Simple interest a year on what is given back, e.g. 0.0.
        tax_share: Share of the carry that is never given back, for the tax paid on it.
    """

    interest: float = 0.0
    tax_share: float = 0.0

    def __post_init__(self) -> None:
        for name in ("interest", "tax_share"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(name, getattr(self, name), "must be at least 0 and below 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One deal: a row of `[[deals]]` in deals.toml.

    Of deals whose scopes hold one site, the narrowest has its cash.

    Attributes:
        id: Id of the deal.
        scope: "portfolio", "country:BR" or "site:bratsk-1".
        style: "european": carry is counted over all sites together; "american": site by site.
        currency: ISO 4217 code in which it is counted; "" for the network's.
        commitment: What all tranches commit; they must sum to it.
        tranches: Who commits what.
        calls: "pro rata" to what is not yet called, or "in order" of the tranches.
        recallable: Whether capital that was paid back may be called again.
        every_months: Months between distributions; cash waits in the deal until then, and pays
            what its own site needs.
        compounding: Whether the preferred return earns a preferred return.
        days: Parts of years: days over 365, or months of 30 days.
        hurdles: From the lowest; without one all goes to the investors.
        fees: Of the manager.
        clawback: Of an American deal; None without one.
        source: Who says so.
    """

    id: str
    scope: str = PORTFOLIO
    style: Style
    currency: str = ""
    commitment: float
    tranches: tuple[Tranche, ...]
    calls: Calls = "pro rata"
    recallable: bool = False
    every_months: int = 1
    compounding: Compounding = "compound"
    days: Days = "actual/365"
    hurdles: tuple[Hurdle, ...] = ()
    fees: Fees = Fees()
    clawback: Clawback | None = None
    source: str

    def __post_init__(self) -> None:
        plain_name(self, "id")
        check_scope(self.scope)
        at_least_zero(self, "commitment")
        if self.currency and not CURRENCY.fullmatch(self.currency):
            rule = "must be an ISO 4217 code of three letters"
            raise InputError("currency", self.currency, rule)
        if not 1 <= self.every_months <= MOST_MONTHS:
            rule = f"must be from 1 to {MOST_MONTHS}"
            raise InputError("every_months", self.every_months, rule)
        if self.clawback is not None and self.style == "european":
            rule = "must be of an American deal; a European one pays carry on the whole"
            raise InputError("clawback", "given", rule)
        self._check_tranches()
        self._check_hurdles()

    def _check_tranches(self) -> None:
        investors = [tranche.investor for tranche in self.tranches]
        for i, investor in enumerate(investors):
            if investor in investors[:i]:
                raise InputError(f"tranches[{i}].investor", investor, "must be given once")
        unit = self.currency or "USD"  # of which only the rounding matters here
        parts = Money.total((Money.of(t.commitment, unit) for t in self.tranches), unit)
        if parts != Money.of(self.commitment, unit):
            rule = f"must be what the tranches sum to, {parts.amount}"
            raise InputError("commitment", self.commitment, rule)

    def _check_hurdles(self) -> None:
        below, carry = -inf, 0.0
        for i, hurdle in enumerate(self.hurdles):
            if hurdle.rate <= below:
                rule = "must be above that of the hurdle before"
                raise InputError(f"hurdles[{i}].rate", hurdle.rate, rule)
            if hurdle.carry < carry:
                rule = "must be at least that of the hurdle before"
                raise InputError(f"hurdles[{i}].carry", hurdle.carry, rule)
            below, carry = hurdle.rate, hurdle.carry

    @property
    def parties(self) -> tuple[str, ...]:
        """Who pays or is paid: investors, then the sponsor and the manager where they are."""
        sponsor = (SPONSOR,) if self.hurdles else ()
        manager = (MANAGER,) if self.fees else ()
        return (*(tranche.investor for tranche in self.tranches), *sponsor, *manager)


def givers(deal: Deal, investors: Sequence[Investor]) -> tuple[Investor, ...]:
    """Return who gives the money of each tranche.

    Args:
        deal: The deal.
        investors: Of network.toml.

    Raises:
        InputError: An investor is not known, and the tranche does not say its country, or
            says another than network.toml.
    """
    known = {investor.id: investor for investor in investors}
    found = []
    for i, tranche in enumerate(deal.tranches):
        if tranche.investor in known:
            investor = known[tranche.investor]
            if tranche.country not in ("", investor.country):
                rule = f"must be {investor.country}, as network.toml says, or left out"
                raise InputError(f"tranches[{i}].country", tranche.country, rule)
            found.append(investor)
            continue
        if not tranche.country:
            named = ", ".join(sorted(known)) or "none"
            rule = f"is not known; there are {named}; of others, say their country"
            raise InputError(f"tranches[{i}].investor", tranche.investor, rule)
        found.append(
            Investor(
                id=tranche.investor,
                name=tranche.investor,
                country=tranche.country,
                capital=tranche.commitment,
            )
        )
    return tuple(found)


def narrowest(deals: Sequence[Deal], site: str, country: str) -> Deal | None:
    """Return the narrowest deal that holds a site; None where none does."""
    scopes = {deal.scope: deal for deal in deals}
    for scope in (f"site:{site}", f"country:{country}", PORTFOLIO):
        if scope in scopes:
            return scopes[scope]
    return None
