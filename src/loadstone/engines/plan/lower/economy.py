# SPDX-License-Identifier: Apache-2.0
"""Money: discounting, annuities, taxes and prices, in the network's currency."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import ceil

from loadstone.engines.plan.lower.assumed import assumed
from loadstone.engines.revenue import (
    hashprice_of_network,
    hashprice_on,
    miner_price_at,
    used_price_share,
)
from loadstone.model.country import Country
from loadstone.model.machine import Miner, Server
from loadstone.model.network import Network
from loadstone.model.site import Site

USD = "USD"


def annuity(rate: float, years: float) -> float:
    """Return the yearly payment at year ends that repays 1 over a life, per year.

    Args:
        rate: Interest a year, above 0.
        years: Life, years, above 0.
    """
    return rate / (1 - float((1 + rate) ** -years))


def straight_line_value(rate: float, years: float) -> float:
    """Return the present value of writing 1 off in equal parts at year ends."""
    return 1 / (years * annuity(rate, years))


@dataclass(frozen=True, slots=True)
class Taxation:
    """The tax on one use in one country, linear.

    Attributes:
        rate: Share of revenue.
        relief: Share of a cost that comes back as less tax.
        vat: Value-added tax on power and machines that does not come back.
        shield: Share of a machine's price that comes back as less tax, at present value.
    """

    rate: float
    relief: float
    vat: float
    shield: float


class Economy:
    """Prices and taxes of a network. One number a question; nothing is remembered wrongly."""

    def __init__(self, network: Network) -> None:
        self.network, self.study = network, network.study
        self.rate = network.study.discount_rate
        self.assumed: dict[str, str] = {}
        self._countries: dict[str, Economy] = {}

    def of(self, country: str) -> "Economy":
        """Return the economy of a country, which discounts at its rate."""
        premium = self.study.discount.country.get(country, 0.0)
        if country not in self._countries:
            here = Economy(self.network)
            here.rate += premium
            here.assumed = self.assumed
            self._countries[country] = here if premium else self
        return self._countries[country]

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """What a yearly amount of each phase counts: its years, discounted to the first."""
        return self._weights(self.rate)

    def _weights(self, rate: float) -> tuple[float, ...]:
        first = self.study.phases[0].at
        return tuple(
            sum(
                length * (1 + rate) ** -(p.at - first + k + length)
                for k in range(ceil(p.years))
                for length in [min(1.0, p.years - k)]
            )
            for p in self.study.phases
        )

    def revenue_factor(self, kind: str, phase: int, further: float = 0.0) -> float:
        """Return what a kind of revenue counts over what it would at the country's rate.

        Args:
            kind: "mining", "ai", "lease", "hosting" or "flexibility".
            phase: Index of the phase.
            further: Added to the rate besides, e.g. the credit spread of a tenant.
        """
        premium = self.study.discount.revenue.get(kind, 0.0) + further
        if not premium:
            return 1.0
        return self._weights(self.rate + premium)[phase] / self.weights[phase]

    @cached_property
    def starts(self) -> tuple[float, ...]:
        """What an amount at the start of each phase counts."""
        first = self.study.phases[0].at
        return tuple((1 + self.rate) ** -(p.at - first) for p in self.study.phases)

    def stands(self, life: float, built: int) -> tuple[int, ...]:
        """Return the phases in which an asset stands that was built in one of them."""
        phases = self.study.phases
        return tuple(
            p
            for p in range(built, len(phases))
            if phases[p].at + phases[p].years / 2 - phases[built].at < life
        )

    def still_stands(self, life: float, installed: date, phase: int) -> bool:
        """Tell whether a machine installed on a day stands in a phase."""
        p = self.study.phases[phase]
        since = installed.year + (installed.timetuple().tm_yday - 1) / 365
        return p.at + p.years / 2 - since < life

    def per(self, currency: str) -> float:
        """Return the worth of one unit of a currency in the network's."""
        if currency == self.study.currency:
            return 1.0
        return 1 / self.study.fx[currency].value

    def from_usd(self, amount: float) -> float:
        """Return an amount in dollars in the network's currency; as it is without a rate."""
        known = self.study.currency == USD or USD in self.study.fx
        return amount * self.per(USD) if known else amount

    def cost(self, id_: str) -> float:
        """Return an assumed cost or life, in the network's currency where it is money."""
        if id_ in self.study.costs:
            return self.study.costs[id_].value
        fact = self.network.facts.costs[id_]
        title = self.network.facts.sources[fact.source].title
        self.assumed[id_] = assumed(id_, fact, title)
        return fact.value * (self.per(USD) if fact.unit.startswith(USD) else 1.0)

    def taxation(
        self, country: Country, use: str, profit_rate: float | None = None
    ) -> Taxation:
        """Return how a use is taxed; an incentive may state another rate."""
        treatment = country.mining if use == "mining" else country.ai
        treatment = treatment or country.ai
        if treatment is None or country.vat is None or country.depreciation is None:
            return Taxation(0.0, 0.0, 0.0, 0.0)
        rate = treatment.rate.value if profit_rate is None else profit_rate
        relief = rate * treatment.deductible_share.value
        vat = country.vat.value * (1 - treatment.input_vat_recoverable_share.value)
        return Taxation(
            rate=rate,
            relief=relief,
            vat=vat,
            shield=relief * straight_line_value(self.rate, country.depreciation.value),
        )

    def incentives(
        self, site: Site, country: Country, server: Server, phase: int
    ) -> tuple[Taxation, float]:
        """Return the tax on a server's income and the share of its power bill paid back."""
        day = self.study.phases[phase].start
        taxation, bill_share = self.taxation(country, "ai"), 0.0
        for incentive in country.incentives:
            meant = incentive.id in site.incentives and incentive.use == "ai"
            if meant and incentive.holds(
                zone=site.zone, chip_country=server.chip_country, on=day
            ):
                if incentive.profit_tax_rate is not None:
                    rate = incentive.profit_tax_rate.value
                    taxation = self.taxation(country, "ai", rate)
                if incentive.power_bill_share is not None:
                    bill_share = max(bill_share, incentive.power_bill_share.value)
        return taxation, bill_share

    def hashprice(self, phase: int) -> float:
        """Return the mean hashprice of a phase, USD/PH/day."""
        p, outlook = self.study.phases[phase], self.study.outlook
        if outlook.hashprice:
            return outlook.hashprice[phase]
        subsidy = self.network.facts.bitcoin.mean_subsidy_btc(
            p.start, date(int(p.ends), 1 if p.ends == int(p.ends) else 7, 1)
        )
        return hashprice_of_network(
            outlook.network_eh[phase],
            outlook.btc_price[phase],
            subsidy_btc=subsidy,
            fee_share=outlook.fee_share[phase],
        )

    def has_cost(self, id_: str) -> bool:
        """Tell whether the facts or the network state a cost."""
        return id_ in self.study.costs or id_ in self.network.facts.costs

    def asked_price(
        self, miner: Miner, phase: int, age_years: float | None = None
    ) -> float | None:
        """Return the price of a MW of miners before duty and VAT at a phase's hashprice.

        Args:
            miner: The model.
            phase: Index of the phase.
            age_years: Age of second-hand machines; None for new ones.
        """
        if miner.price is None or miner.price_per_mw is None:
            return None
        stated = price = miner.price_per_mw * self.per(USD)
        reference = hashprice_on(self.network.facts.bitcoin, miner.price.date)
        least = self.cost("miner-scrap") if self.has_cost("miner-scrap") else 0.0
        if reference is not None and self.has_cost("miner-price-elasticity"):
            price = miner_price_at(
                stated,
                hashprice_usd_ph_day=self.hashprice(phase),
                reference_usd_ph_day=reference,
                elasticity=self.cost("miner-price-elasticity"),
                scrap_share=least,
            )
        if age_years is not None:
            discount, life = self.cost("used-discount"), miner.life.value
            price *= used_price_share(max(age_years, 0.0), life, discount=discount)
        return max(price, least * stated)

    def miner_price(
        self, miner: Miner, country: Country, phase: int, age_years: float | None = None
    ) -> float | None:
        """Return the price of a MW of miners with duty and VAT, or None where it is unknown.

        Args:
            miner: The model.
            country: Where they go.
            phase: Index of the phase.
            age_years: Age of second-hand machines; None for new ones.
        """
        asked = self.asked_price(miner, phase, age_years)
        if asked is None:
            return None
        day = self.study.phases[phase].start
        duty = country.miner_duty(
            hashrate_th=miner.hashrate_th, j_per_th=miner.j_per_th, on=day
        )
        if duty is None:
            key = f"duty:{country.code}:mining"
            self.assumed[key] = (
                f"import duty on miners in {country.name} is not known; none taken"
            )
        vat = self.taxation(country, "mining").vat
        landed = 1 + (duty.value if duty else 0.0)
        return asked * landed * (1 + vat)

    def server_price(self, server: Server, country: Country, phase: int) -> float:
        """Return the price of a MW of servers with duty and VAT."""
        duty = country.server_duty(self.study.phases[phase].start)
        if duty is None:
            key = f"duty:{country.code}:ai"
            self.assumed[key] = (
                f"import duty on servers in {country.name} is not known; none taken"
            )
        vat = self.taxation(country, "ai").vat
        landed = 1 + (duty.value if duty else 0.0)
        return server.price_per_mw * landed * (1 + vat) * self.per(USD)
