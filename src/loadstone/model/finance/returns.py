# SPDX-License-Identifier: Apache-2.0
"""What cash returns: the numbers that a committee and a lender ask for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadstone.model.plan import Year


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Returns of one scope, with a reason where a number does not exist.

    Attributes:
        scope: "portfolio", "country:RU" or "site:bratsk-1".
        flow: "project" for cash before financing, "equity" for what owners pay and receive.
        npv: Nominal cash discounted at the nominal rate to the first month, network currency.
        rate: That rate a year.
        irr: Internal rates of return a year, all there are, of yearly flows.
        xirr: The same of dated monthly flows, actual days over 365.
        irr_reason: Why there is no or more than one rate; "" where there is one.
        payback_years: Years until cumulative cash turns positive for good; None where never.
        discounted_payback_years: The same of discounted cash.
        peak: Most money that is out at once, network currency.
        invested: All that is put in.
        received: All that comes back.
    """

    scope: str
    flow: str
    npv: float
    rate: float
    irr: tuple[float, ...] = ()
    xirr: tuple[float, ...] = ()
    irr_reason: str = ""
    payback_years: float | None = None
    discounted_payback_years: float | None = None
    peak: float
    invested: float
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCosts:
    """What a unit costs, and prices at which nothing is left. None where there is no output.

    Each cost is the present value of costs over the present value of output.

    Attributes:
        btc_cash: Running cost of mining a bitcoin, network currency.
        btc_all_in: The same with machines, halls, connection and tax.
        btc_parts: The all-in cost by "energy", "direct", "depreciation", "financing", "tax".
        break_even_power: Mean price of power at which equity earns its rate, per MWh.
        break_even_hashprice: Flat hashprice at which it does, USD/PH/day.
        gpu_hour: Levelised cost of a GPU-hour sold, by server model.
        kw_month: Levelised cost of a leased kW-month, by lease.
    """

    btc_cash: float | None = None
    btc_all_in: float | None = None
    btc_parts: Mapping[str, float] = field(default_factory=dict)
    break_even_power: float | None = None
    break_even_hashprice: float | None = None
    gpu_hour: Mapping[str, float] = field(default_factory=dict)
    kw_month: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeStep:
    """One step from the plan's objective to the value of nominal cash.

    Attributes:
        name: E.g. "plan", "inflation", "annuities beyond the horizon", "tax in time", "value".
        text: What it is, in a sentence.
        amount: Network currency; the first and last are levels, the others differences.
    """

    name: str
    text: str
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtResult:
    """A loan as it is sized and paid. Arrays by month are tuples of length M.

    Attributes:
        id: Id of the debt.
        kind: "term" or "machine".
        scope: As in `Returns`.
        amount: Drawn in all, network currency.
        cost: What it finances, network currency.
        gearing: Amount over cost.
        by_gearing: What the gearing cap allows; None where there is none.
        by_dscr: What contracted cash carries; None where it does not count.
        by_ltv: What the loan-to-value allows; None where there is none.
        binding: What holds the amount: "gearing", "dscr", "ltv", "stated" or "none".
        rate: Interest a year.
        draw, interest, principal, balance: By month, positive; balance at its end.
        service_cash: Contracted cash available for debt service, by month.
        all_cash: All cash available for debt service, by month.
        dscr_min, dscr_mean: Cash over service, of years with service: of all cash.
        contracted_dscr_min, contracted_dscr_mean: The same of contracted cash.
        llcr: Present value of all cash over the loan's life over the amount; None without.
        contracted_llcr: The same of contracted cash.
        dscr: By calendar year: all cash over service, where there is service.
        contracted_dscr: The same of contracted cash.
        downside_dscr: The same of contracted cash and the part of the other that the lender
            states for its downside case.
        first_payment: Month index from which it is served from cash; what is paid before is
            part of its cost.
        last_payment: Month index of the last payment.
        lease_tail_months: Months that contracts run on after it.
        reserve: Balance of its reserve account by month.
        breaches: Covenants that the base case breaks, in sentences.
        currency: Currency in which it is drawn and paid back; "" for that of the network.
        room: Amount that could be lent more until the next limit holds, network currency; None
            where nothing else limits it.
        cash_may_fall: Share by which all cash may fall in its weakest year until it no longer
            pays the service; below 0 where it does not now. None without service.
    """

    id: str
    kind: str
    scope: str
    amount: float
    cost: float
    gearing: float
    by_gearing: float | None = None
    by_dscr: float | None = None
    by_ltv: float | None = None
    binding: str
    rate: float
    draw: tuple[float, ...]
    interest: tuple[float, ...]
    principal: tuple[float, ...]
    balance: tuple[float, ...]
    service_cash: tuple[float, ...] = ()
    all_cash: tuple[float, ...] = ()
    dscr_min: float | None = None
    dscr_mean: float | None = None
    contracted_dscr_min: float | None = None
    contracted_dscr_mean: float | None = None
    llcr: float | None = None
    dscr: Mapping[str, float] = field(default_factory=dict)
    first_payment: int | None = None
    last_payment: int | None = None
    lease_tail_months: int | None = None
    reserve: tuple[float, ...] = ()
    breaches: tuple[str, ...] = ()
    contracted_llcr: float | None = None
    contracted_dscr: Mapping[str, float] = field(default_factory=dict)
    downside_dscr: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""
    room: float | None = None
    cash_may_fall: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyResult:
    """What one party of a deal pays and receives.

    Attributes:
        party: Id of the investor, "sponsor" or "manager".
        currency: Its currency.
        called, received: By month, whole minor units of its currency as numbers; length M.
        counted_called, counted_received: The same in minor units of the deal's currency.
        by_tier: Received in all by tier: "capital", "preferred", "catch-up", "carry", "split",
            "fees", "clawback". Minor units of the deal's currency.
        irr: Rates of return a year.
        irr_reason: Why there is none or more than one.
        multiple: Received over called; None where nothing is called.
    """

    party: str
    currency: str
    called: tuple[float, ...]
    received: tuple[float, ...]
    counted_called: tuple[float, ...] = ()
    counted_received: tuple[float, ...] = ()
    by_tier: Mapping[str, float] = field(default_factory=dict)
    irr: tuple[float, ...] = ()
    irr_reason: str = ""
    multiple: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DealResult:
    """How the money of a deal goes round.

    Attributes:
        id: Id of the deal.
        scope: "portfolio", "country:RU" or "site:bratsk-1".
        style: "american" or "european".
        currency: Currency in which it is counted.
        called, distributed: By month; what comes in and goes out sums over parties. Minor units
            of its currency. Length M.
        parties: Who pays and receives.
        clawback: What carry is paid back at the end, minor units.
        fx_rounding: By month: what rounding to the currencies of the parties leaves; with it
            their parts, each at the rate of the month, sum to the whole. Minor units.
        checks: What was proven of it, in sentences, e.g. "parts sum to the whole".
    """

    id: str
    scope: str
    style: str
    currency: str
    called: tuple[float, ...]
    distributed: tuple[float, ...]
    parties: tuple[PartyResult, ...]
    clawback: float = 0.0
    fx_rounding: tuple[float, ...] = ()
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeEffect:
    """What all hedges together do to the base case. Network currency.

    Attributes:
        payoff: What they bring in all, fees not counted.
        fees: What is paid for them.
        margin: Most that margin binds at the end of a month.
        contracted: Mining revenue at the plan's hashprice that they make contracted.
        debt: All loans, with hedges.
        debt_without: All loans, sized without hedges.
    """

    payoff: float
    fees: float
    margin: float
    contracted: float
    debt: float
    debt_without: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRow:
    """Value that a plan adds directly in one country in one phase, and what leaks out.

    One-off amounts and yearly ones are never added.

    Attributes:
        country: ISO 3166-1 code.
        phase: Start of the phase.
        one_off: Paid once there: "local building", "duty", "vat" ...
        imported: Paid once for imported hardware: leakage.
        yearly: Value added a year: "wages", "taxes and levies", "profit kept", "depreciation"
            (network currency).
        leaving: Profit and interest a year that goes abroad.
        multiplier: Lowest and highest multiplier that the user states; None without one.
        multiplier_source: Who says so.
    """

    country: str
    phase: Year
    one_off: Mapping[str, float] = field(default_factory=dict)
    imported: float = 0.0
    yearly: Mapping[str, float] = field(default_factory=dict)
    leaving: float = 0.0
    multiplier: tuple[float, float] | None = None
    multiplier_source: str = ""
