# SPDX-License-Identifier: Apache-2.0
"""Deals in many futures at once: the same rules as the exact form, yearly and in floats.

It equals the exact form where flows are yearly. Of monthly cash it is an approximation: what
is called and paid out within one year is netted but for what `gross` says, and commitments do
not end a future; what they do not cover is called by commitments all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from loadstone.model.eligibility import money_may_go
from loadstone.model.errors import InputError
from loadstone.model.finance.deal import Clawback, Deal, Hurdle, givers
from loadstone.model.network import Study

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def may_pay(deal: Deal, study: Study, countries: Sequence[str], days: Sequence[date]) -> Bools:
    """Tell which tranches may pay for which country when. Shape (Y, P, I).

    Args:
        deal: The deal, of I tranches.
        study: Investors and eligibility.
        countries: Of P groups of sites; "" for one that anybody may pay for.
        days: First day of each year.
    """
    investors = givers(deal, study.investors)
    found = [
        [
            [
                not country or money_may_go(study.eligibility, investor, country, day)
                for investor in investors
            ]
            for country in countries
        ]
        for day in days
    ]
    return np.array(found, dtype=np.bool_)


def distribute_many(
    flows: Floats,
    deal: Deal,
    *,
    allowed: Bools | None = None,
    years: Floats | None = None,
    gross: Floats | None = None,
    lag: float = 0.0,
) -> Floats:
    """Return what each party of a deal receives less what it pays, in each future and year.

    Args:
        flows: What sites give above 0 and need below, in the deal's currency. Shape (N, Y), or
            (N, P, Y) for P groups of sites: countries, so that eligibility counts, or sites,
            so that an American deal is counted site by site.
        deal: The deal.
        allowed: Which tranches may pay for which group when; see `may_pay`. Shape (Y, P, I);
            None where all may.
        years: Length of the time before each year's flow, the first 0. Shape (Y,); None
            for whole years.
        gross: What is called in each year even where a group gives more in it, since its sites
            need and give at different times. Shape (P, Y); None for nothing.
        lag: Years from a year's calls to its payments, 0 to 1.

    Returns:
        By future, party in the order of `deal.parties`, and year. Shape (N, parties, Y).

    Raises:
        InputError: Shapes disagree.
    """
    grouped = flows[:, None, :] if flows.ndim == 2 else flows
    futures, groups, count = grouped.shape
    shape = (count, groups, len(deal.tranches))
    allowed = np.ones(shape, dtype=np.bool_) if allowed is None else allowed
    if allowed.shape != shape:
        raise InputError("allowed", allowed.shape, f"must be {shape}")
    if years is None:
        years = np.ones(count)
        years[:1] = 0.0
    if years.shape != (count,):
        raise InputError("years", years.shape, f"must be {(count,)}")
    besides = np.zeros((groups, count)) if gross is None else gross
    if besides.shape != (groups, count):
        raise InputError("gross", besides.shape, f"must be {(groups, count)}")
    moving = np.ascontiguousarray(np.moveaxis(grouped + besides, 0, 2))  # (P, Y, N)
    books = _Books(deal, groups, futures)
    out = np.zeros((len(deal.parties), count, futures))
    elapsed = 0.0
    for y in range(count):
        before = max(float(years[y]) - lag, 0.0)
        elapsed += before
        books.accrue(before)
        books.charge(out[:, y], before)
        needed = np.maximum(-moving[:, y], 0.0) + besides[:, y, None]
        books.call(out[:, y], needed, allowed[y])
        elapsed += lag
        books.accrue(lag)
        books.charge(out[:, y], lag)
        books.pay(out[:, y], np.maximum(moving[:, y], 0.0), allowed[y], elapsed)
    if count and deal.clawback is not None:
        books.claw_back(out[:, -1], deal.clawback, elapsed)
    return np.ascontiguousarray(np.moveaxis(out, 2, 0))


@dataclass(slots=True)
class _Accounts:
    """One tranche's accounts in all futures. Shapes (K, N), of `preferred` (H, K, N)."""

    capital: Floats
    preferred: Floats
    profit: Floats
    carry: Floats

    @classmethod
    def opened(cls, hurdles: int, keys: int, futures: int) -> "_Accounts":
        empty = (keys, futures)
        return cls(
            np.zeros(empty), np.zeros((hurdles, *empty)), np.zeros(empty), np.zeros(empty)
        )

    def accrue(self, hurdles: Sequence[Hurdle], years: float, *, simple: bool) -> None:
        """Let the preferred return grow."""
        for k, hurdle in enumerate(hurdles):
            if simple:
                self.preferred[k] += self.capital * (hurdle.rate * years)
            else:
                growth = (1 + hurdle.rate) ** years - 1
                self.preferred[k] += (self.capital + self.preferred[k]) * growth

    def received(self, amount: Floats) -> None:
        """Count what the investor got: capital first, then preferred return."""
        back = np.minimum(amount, self.capital)
        self.capital -= back
        more = amount - back
        self.profit += more
        self.preferred -= more
        np.maximum(self.preferred, 0.0, out=self.preferred)

    def split(self, hurdles: Sequence[Hurdle], cash: Floats) -> tuple[Floats, Floats]:
        """Pay cash down the tiers; return the investor's and the sponsor's part."""
        back = np.minimum(cash, self.capital)
        self.received(back)
        left = cash - back
        investor, sponsor, share = back, np.zeros_like(cash), 0.0
        for k, hurdle in enumerate(hurdles):
            steps = [(np.minimum(left, self.preferred[k] / (1 - share)), share)]
            left = left - steps[0][0]
            mine, theirs = self._divide(*steps[0])
            investor, sponsor, share = investor + mine, sponsor + theirs, hurdle.carry
            if hurdle.catch_up:
                faster = self._catch_up(hurdle, k, left)
                left = left - faster
                mine, theirs = self._divide(faster, hurdle.catch_up)
                investor, sponsor = investor + mine, sponsor + theirs
        mine, theirs = self._divide(left, share)
        return investor + mine, sponsor + theirs

    def _divide(self, cash: Floats, share: float) -> tuple[Floats, Floats]:
        theirs = cash * share
        mine = cash - theirs
        self.carry += theirs
        self.received(mine)
        return mine, theirs

    def _catch_up(self, hurdle: Hurdle, k: int, left: Floats) -> Floats:
        missing = hurdle.carry * (self.profit + self.carry) - self.carry
        wanted = np.maximum(missing, 0.0) / (hurdle.catch_up - hurdle.carry)
        if k + 1 < len(self.preferred) and hurdle.catch_up < 1:
            wanted = np.minimum(wanted, self.preferred[k + 1] / (1 - hurdle.catch_up))
        return np.minimum(left, wanted)


class _Books:
    """A deal on its way through the years, in all futures."""

    def __init__(self, deal: Deal, groups: int, futures: int) -> None:
        self.deal, self.count = deal, len(deal.tranches)
        self.whole = deal.style == "european"
        keys = 1 if self.whole else groups
        self.hurdles = [deal.hurdles if t.carried else () for t in deal.tranches]
        self.accounts = [_Accounts.opened(len(h), keys, futures) for h in self.hurdles]
        self.overall = [_Accounts.opened(len(h), 1, futures) for h in self.hurdles]
        self.committed = np.array([t.commitment for t in deal.tranches])
        self.open = np.repeat(self.committed[:, None], futures, axis=1)  # (I, N)
        self.put_in = np.zeros((self.count, groups, futures))
        self.carry_at = np.zeros((self.count, futures))  # carry times when it was paid
        self.sponsor = self.count if deal.hurdles else None
        self.manager = len(deal.parties) - 1 if deal.fees else None

    def accrue(self, years: float) -> None:
        simple = self.deal.compounding == "simple"
        for hurdles, accounts, overall in zip(
            self.hurdles, self.accounts, self.overall, strict=True
        ):
            accounts.accrue(hurdles, years, simple=simple)
            overall.accrue(hurdles, years, simple=simple)

    def pay_in(self, t: int, out: Floats, amounts: Floats) -> None:
        """Take money from a tranche for each group. Amounts have shape (P, N)."""
        total = amounts.sum(axis=0)
        self.accounts[t].capital += total if self.whole else amounts
        self.overall[t].capital += total
        self.put_in[t] += amounts
        out[t] -= total

    def charge(self, out: Floats, years: float) -> None:
        """Call the management fee."""
        rate = self.deal.fees.management
        if not rate or not years or self.manager is None:
            return
        for t in range(self.count):
            all_in = self.put_in[t].sum(axis=0)
            basis: Floats = np.full_like(all_in, self.committed[t])
            if self.deal.fees.basis == "invested":
                basis = self.accounts[t].capital.sum(axis=0)
            fee = np.where(all_in > 0, basis * (rate * years), 0.0)
            shares = self.put_in[t] / np.where(all_in > 0, all_in, 1.0)
            self.pay_in(t, out, fee * shares)
            out[self.manager] += fee

    def call(self, out: Floats, needed: Floats, allowed: Bools) -> None:
        """Call what groups need, one after another. Needed has shape (P, N)."""
        for p, units in enumerate(needed):
            parts = self._parts(units, allowed[p])
            for t, part in enumerate(parts):
                self.open[t] = np.maximum(self.open[t] - part, 0.0)
                amounts = np.zeros_like(needed)
                amounts[p] = part * (1 + self.deal.fees.acquisition)
                self.pay_in(t, out, amounts)
                if self.manager is not None:
                    out[self.manager] += part * self.deal.fees.acquisition

    def _parts(self, units: Floats, allowed: Bools) -> Floats:
        """Return what each tranche pays of a call. Shape (I, N)."""
        room = np.where(allowed[:, None], self.open, 0.0)
        total = room.sum(axis=0)
        covered = np.minimum(units, total)
        if self.deal.calls == "pro rata":
            parts = room * (covered / np.where(total > 0, total, 1.0))
        else:
            before = np.cumsum(room, axis=0) - room
            parts = np.clip(covered - before, 0.0, room)
        found: Floats = parts + self._weights(allowed)[:, None] * (units - covered)
        return found

    def _weights(self, allowed: Bools) -> Floats:
        weights = np.where(allowed, self.committed, 0.0)
        if not weights.any():
            weights = np.ones(self.count)
        shares: Floats = weights / weights.sum()
        return shares

    def pay(self, out: Floats, given: Floats, allowed: Bools, elapsed: float) -> None:
        """Pay out what groups gave. Given has shape (P, N)."""
        total = self.put_in.sum(axis=0)
        for t in range(self.count):
            mean = np.array([self._weights(row)[t] for row in allowed])[:, None]
            share = np.where(total > 0, self.put_in[t] / np.where(total > 0, total, 1), mean)
            cash = given * share
            if self.whole:
                cash = cash.sum(axis=0, keepdims=True)
            before = self.accounts[t].capital.sum(axis=0)
            mine, theirs = self.accounts[t].split(self.hurdles[t], cash)
            if self.deal.recallable:
                back = before - self.accounts[t].capital.sum(axis=0)
                self.open[t] = np.minimum(self.open[t] + back, self.committed[t])
            self.overall[t].received(mine.sum(axis=0, keepdims=True))
            out[t] += mine.sum(axis=0)
            if self.sponsor is not None:
                carry = theirs.sum(axis=0)
                out[self.sponsor] += carry
                self.carry_at[t] += carry * elapsed

    def claw_back(self, out: Floats, terms: Clawback, elapsed: float) -> None:
        """Give back what early groups paid to the sponsor too much; see `given_back`."""
        carries = [accounts.carry.sum(axis=0) for accounts in self.accounts]
        all_carry = np.sum(carries, axis=0)
        paid = np.where(all_carry > 0, all_carry, 1.0)
        ago = elapsed - self.carry_at.sum(axis=0) / paid
        for t, hurdles in enumerate(self.hurdles):
            if not hurdles or self.sponsor is None:
                continue
            accounts, overall = self.accounts[t], self.overall[t]
            profit = carries[t] + (accounts.profit - accounts.capital).sum(axis=0)
            beyond = carries[t] - hurdles[-1].carry * np.maximum(profit, 0.0)
            lacking = overall.capital[0] + overall.preferred[0, 0]
            owed = np.maximum(np.maximum(beyond, lacking), 0.0)
            owed = np.minimum(owed, carries[t] * (1 - terms.tax_share))
            owed = owed * (1 + terms.interest * ago)
            out[self.sponsor] -= owed
            out[t] += owed
