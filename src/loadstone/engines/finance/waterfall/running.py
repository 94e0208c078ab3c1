# SPDX-License-Identifier: Apache-2.0
"""A deal month by month, as postings: calls, fees, distributions and the clawback.

The postings are the whole truth: results are sums of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from loadstone.engines.finance.waterfall.account import CARRIES, Account, opened, split
from loadstone.engines.finance.waterfall.clawback import given_back, mean_years
from loadstone.engines.finance.waterfall.posting import WHOLE, Posting, Project, year_part
from loadstone.model.errors import InputError
from loadstone.model.finance.deal import MANAGER, SPONSOR, Deal, Hurdle
from loadstone.model.money import EXACT, Money, allocate, major, whole


def run(
    deal: Deal, currency: str, projects: Sequence[Project], days: Sequence[date]
) -> tuple[Posting, ...]:
    """Return all postings of a deal, in order.

    In each month the preferred return accrues, then what projects need is called, then fees,
    then what projects gave is paid out. Each payment of a project is shared by what its
    investors have put into it, and each part goes down the tiers of its investor's account:
    that of the project in an American deal, that of the whole in a European one.

    Args:
        deal: The deal.
        currency: In which it is counted.
        projects: Its money by site.
        days: Day of each month's money, in order.

    Raises:
        InputError: Commitments do not cover what is called, nobody may pay for a project, days
            are out of order, or months are missing.
    """
    for first, second in pairwise(days):
        if second <= first:
            raise InputError("days", str(second), f"must come after {first}")
    for project in projects:
        if len(project.units) != len(days):
            rule = f"must have {len(days)} months"
            raise InputError(f"projects.{project.id}", len(project.units), rule)
    books = _Books(deal, currency, projects)
    for m, day in enumerate(days):
        part = year_part(days[m - 1], day, deal.days) if m else Decimal(0)
        books.accrue(part)
        books.charge(m, part)
        for project in projects:
            books.move(m, project)
        last = m + 1 == len(days)
        if last or (m + 1) % deal.every_months == 0:
            for project in projects:
                books.distribute(m, project)
    books.claw_back(days)
    return tuple(books.postings)


@dataclass(slots=True)
class _Paid:
    """What one tranche has paid in.

    Attributes:
        open: What may still be called from it for projects.
        by_project: All it has put into each, fees included.
    """

    open: int
    by_project: dict[str, int] = field(default_factory=dict)


class _Books:
    """A deal on its way through time."""

    def __init__(self, deal: Deal, currency: str, projects: Sequence[Project]) -> None:
        self.deal, self.currency = deal, currency
        self.postings: list[Posting] = []
        self.hurdles: list[tuple[Hurdle, ...]] = [
            deal.hurdles if tranche.carried else () for tranche in deal.tranches
        ]
        commitments = [Money.of(t.commitment, currency).units for t in deal.tranches]
        self.paid = [_Paid(units) for units in commitments]
        self.committed = commitments
        keys = [WHOLE] if deal.style == "european" else [p.id for p in projects]
        self.accounts: list[dict[str, Account]] = [
            {key: opened(hurdles) for key in keys} for hurdles in self.hurdles
        ]
        # what an American deal's clawback is measured against
        self.overall: list[Account] = [opened(hurdles) for hurdles in self.hurdles]
        self.waiting = {project.id: 0 for project in projects}

    def post(self, month: int, party: str, tier: str, project: str, units: int) -> None:
        """Write a posting, unless it is nothing."""
        if units:
            self.postings.append(
                Posting(month=month, party=party, tier=tier, project=project, units=units)
            )

    def key(self, project: str) -> str:
        """Return whose account counts a project."""
        return WHOLE if self.deal.style == "european" else project

    def accrue(self, years: Decimal) -> None:
        """Let the preferred return grow."""
        how = self.deal.compounding
        for t, hurdles in enumerate(self.hurdles):
            for key, account in self.accounts[t].items():
                self.accounts[t][key] = account.accrued(hurdles, years, how)
            self.overall[t] = self.overall[t].accrued(hurdles, years, how)

    def pay_in(self, month: int, t: int, project: str, tier: str, units: int) -> None:
        """Take money from a tranche."""
        key, paid = self.key(project), self.paid[t]
        self.accounts[t][key] = self.accounts[t][key].called(units)
        self.overall[t] = self.overall[t].called(units)
        paid.by_project[project] = paid.by_project.get(project, 0) + units
        self.post(month, self.deal.tranches[t].investor, tier, project, -units)

    def charge(self, month: int, years: Decimal) -> None:
        """Call the management fee of the time since the month before."""
        rate = Decimal(repr(self.deal.fees.management))
        if not rate or not any(paid.by_project for paid in self.paid):
            return
        for t, paid in enumerate(self.paid):
            basis = self.committed[t]
            if self.deal.fees.basis == "invested":
                basis = sum(account.capital for account in self.accounts[t].values())
            fee = whole(EXACT.multiply(EXACT.multiply(basis, rate), years))
            if not any(paid.by_project.values()):
                continue  # nothing was ever called from it
            shares = allocate(fee, list(paid.by_project.values()))
            for project, units in zip(list(paid.by_project), shares, strict=True):
                if units:
                    self.pay_in(month, t, project, "fee call", units)
            self.post(month, MANAGER, "fees", "", fee)

    def move(self, month: int, project: Project) -> None:
        """Put aside what a project gives; call what it needs beyond what is put aside."""
        there = self.waiting[project.id] + project.units[month]
        self.waiting[project.id] = max(there, 0)
        if there >= 0:
            return
        for t, units in enumerate(self._called(month, project, -there)):
            if not units:
                continue
            self.paid[t].open -= units
            self.pay_in(month, t, project.id, "call", units)
            rate = Decimal(repr(self.deal.fees.acquisition))
            fee = whole(EXACT.multiply(units, rate))
            if fee:
                self.pay_in(month, t, project.id, "fee call", fee)
                self.post(month, MANAGER, "fees", project.id, fee)

    def _called(self, month: int, project: Project, units: int) -> list[int]:
        """Return what each tranche pays of a call.

        Raises:
            InputError: Those that may pay for the project have too little left.
        """
        may = self._may(month, project)
        room = [paid.open if may[t] else 0 for t, paid in enumerate(self.paid)]
        if sum(room) < units:
            said = f"{major(units, self.currency):,.2f} {self.currency}"
            left = f"{major(sum(room), self.currency):,.2f}"
            who = "" if all(may) else ", from those who may pay for it,"
            rule = f"must cover the call of {said} in month {month + 1} for {project.id}; "
            rule += f"{left} is left{who} of what is committed"
            raise InputError(f"deals.{self.deal.id}.tranches", "too little", rule)
        if self.deal.calls == "pro rata":
            return allocate(units, room)
        parts = []
        for most in room:
            parts.append(min(most, units))
            units -= parts[-1]
        return parts

    def _may(self, month: int, project: Project) -> tuple[bool, ...]:
        if project.may_pay:
            return project.may_pay[month]
        return (True,) * len(self.paid)

    def distribute(self, month: int, project: Project) -> None:
        """Pay out what waits for the investors of a project."""
        units, self.waiting[project.id] = self.waiting[project.id], 0
        if not units:
            return
        for t, part in enumerate(allocate(units, self._interests(month, project))):
            if part:
                self._pay_out(month, t, project.id, part)

    def _interests(self, month: int, project: Project) -> list[int]:
        """Return by what investors share: what they put in, or may be called to put in.

        Raises:
            InputError: Nobody may own the project.
        """
        put_in = [paid.by_project.get(project.id, 0) for paid in self.paid]
        if any(put_in):
            return put_in
        may = self._may(month, project)
        open_ = [units if may[t] else 0 for t, units in enumerate(self.committed)]
        if not any(open_):
            rule = f"must have an investor who may own {project.id}"
            raise InputError(f"deals.{self.deal.id}.tranches", "none", rule)
        return open_

    def _pay_out(self, month: int, t: int, project: str, units: int) -> None:
        key = self.key(project)
        account, tiers = split(self.accounts[t][key], self.hurdles[t], units)
        self.accounts[t][key] = account
        if self.deal.recallable:
            self.paid[t].open = min(self.paid[t].open + tiers["capital"], self.committed[t])
        mine = sum(amount for tier, amount in tiers.items() if tier not in CARRIES)
        self.overall[t] = self.overall[t].received(mine)
        for tier, amount in tiers.items():
            party = SPONSOR if tier in CARRIES else self.deal.tranches[t].investor
            self.post(month, party, tier, project, amount)

    def claw_back(self, days: Sequence[date]) -> None:
        """Give back at the end what early sites paid to the sponsor too much."""
        if self.deal.clawback is None or not days:
            return
        years = mean_years(self.postings, days, self.deal.days)
        for t, hurdles in enumerate(self.hurdles):
            units = given_back(
                tuple(self.accounts[t].values()),
                self.overall[t],
                hurdles,
                self.deal.clawback,
                years,
            )
            self.post(len(days) - 1, SPONSOR, "clawback", "", -units)
            self.post(len(days) - 1, self.deal.tranches[t].investor, "clawback", "", units)
