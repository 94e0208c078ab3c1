# SPDX-License-Identifier: Apache-2.0
"""How futures are drawn: what futures.toml says."""

from dataclasses import dataclass
from datetime import date

from loadstone.model.errors import InputError
from loadstone.model.futures.correlation import Correlation
from loadstone.model.futures.events import Default, Delay, Hazard
from loadstone.model.futures.level import Level, Levels
from loadstone.model.futures.mining import Fees, Hashrate, MinerPrices
from loadstone.model.futures.named import NamedFuture, check_weights

DRAWN = (
    *("btc", "hashrate", "fees", "hashprice", "ai", "lease", "power", "fx"),
    *("delay", "hazards", "default"),
)
MOST_WEATHER_YEARS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Futures:
    """What futures.toml says; a plan's outlook is the middle of what it draws.

    What is left out stays as the outlook says in all futures. Futures are drawn from the
    parameters, or stated as weighted futures in `named`, or both.

    Attributes:
        source: Who says so.
        date: When it was said.
        weather_years: Weather years that are resampled whole, where series allow.
        btc: Price of a bitcoin.
        hashrate: Hashrate of the network: free entry and slow exit.
        fees: Fees over subsidy.
        hashprice: Hashprice alone, in place of the three above.
        miners: Prices of second-hand miners.
        ai: AI prices by generation of servers.
        lease: Rents of new leases.
        power: Power price level by zone.
        fx: Exchange rates by currency.
        correlation: Between the shocks of all these.
        delay: Of connections and transformers.
        hazards: Of bans and expropriation, by country.
        default: Of tenants.
        named: Futures that somebody states, with weights.
    """

    source: str
    date: date
    weather_years: int = 1
    btc: Level | None = None
    hashrate: Hashrate | None = None
    fees: Fees | None = None
    hashprice: Level | None = None
    miners: MinerPrices | None = None
    ai: Levels | None = None
    lease: Level | None = None
    power: Levels | None = None
    fx: Levels | None = None
    correlation: Correlation = Correlation()
    delay: Delay | None = None
    hazards: tuple[Hazard, ...] = ()
    default: Default | None = None
    named: tuple[NamedFuture, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.weather_years <= MOST_WEATHER_YEARS:
            rule = f"must be from 1 to {MOST_WEATHER_YEARS}"
            raise InputError("weather_years", self.weather_years, rule)
        if self.hashprice is not None and (self.btc or self.hashrate or self.fees):
            rule = "stands in place of btc, hashrate and fees: give the one or the other"
            raise InputError("hashprice", self.hashprice.source, rule)
        countries = [hazard.country for hazard in self.hazards]
        for i, country in enumerate(countries):
            if country in countries[:i]:
                raise InputError(f"hazards[{i}].country", country, "must be given once")
        check_weights(self.named)

    @property
    def drawable(self) -> bool:
        """Whether there are parameters to draw from."""
        return any(getattr(self, name) for name in DRAWN)
