# SPDX-License-Identifier: Apache-2.0
"""What power costs: kinds of tariffs and levies, each lowered once to a rate card.

A new kind is a `TariffEntry` with a `kind` and a `rate_card(grid, prices)`, and its name in
`Tariff`, which holds every entry that the supply of a site can have; `Levy` names those that
a law lays on it.
"""

from loadstone.model.tariff.demand import CoincidentPeak, DemandCharge
from loadstone.model.tariff.energy import (
    ExportPrice,
    FlatPrice,
    OwnGeneration,
    SpotPrice,
    TakeOrPay,
    TimeOfUse,
)
from loadstone.model.tariff.entry import Prices, PriceSeries, TariffEntry, site_card
from loadstone.model.tariff.law import BandedLevy, CostShareLevy, FlatLevy, Prohibition
from loadstone.model.tariff.load import Line, Load
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.standing import (
    CapacityCharge,
    FixedCharge,
    Losses,
    MinimumCharge,
    NetworkCharge,
)
from loadstone.model.tariff.tiers import Tiers

Levy = FlatLevy | BandedLevy | CostShareLevy | Prohibition
Tariff = (
    FlatPrice
    | SpotPrice
    | TimeOfUse
    | Tiers
    | ExportPrice
    | TakeOrPay
    | OwnGeneration
    | DemandCharge
    | CoincidentPeak
    | FixedCharge
    | MinimumCharge
    | CapacityCharge
    | NetworkCharge
    | Losses
    | FlatLevy
    | BandedLevy
    | CostShareLevy
    | Prohibition
)

__all__ = [
    "BandedLevy",
    "CapacityCharge",
    "CoincidentPeak",
    "CostShareLevy",
    "DemandCharge",
    "ExportPrice",
    "FixedCharge",
    "FlatLevy",
    "FlatPrice",
    "Levy",
    "Line",
    "Load",
    "Losses",
    "MinimumCharge",
    "NetworkCharge",
    "OwnGeneration",
    "PriceSeries",
    "Prices",
    "Prohibition",
    "RateCard",
    "SpotPrice",
    "TakeOrPay",
    "Tariff",
    "TariffEntry",
    "Tiers",
    "TimeOfUse",
    "site_card",
]
