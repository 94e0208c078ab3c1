# SPDX-License-Identifier: Apache-2.0
"""What a MWh earns in a machine: what decides which stop first."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from loadstone.engines.revenue import hashprice_of_network, mining_per_mwh
from loadstone.model.network import Network
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.terms import SiteTerms

USD = "USD"


def values_per_mwh(
    terms: SiteTerms, network: Network, machines: Sequence[Machine], on: date
) -> Mapping[str, float]:
    """Return what a MWh earns in each machine before power is paid, network currency/MWh.

    Where `value_per_mwh` is given it is the mean over the power of all machines, and one that
    needs fewer joules earns more of it. Else it follows from hashprice, less the pool's fee.

    Args:
        terms: The site's part of operate.toml.
        network: The network it stands in.
        machines: Machines of the site.
        on: The day.
    """
    if terms.value_per_mwh is not None and machines:
        total_th = sum(machine.hashrate_th for machine in machines)
        per_th_w = terms.value_per_mwh * sum(one.rated_w for one in machines) / total_th
        return {one.id: per_th_w * one.hashrate_th / one.rated_w for one in machines}
    price = hashprice(terms, network, on)
    fee = network.study.pool_fee
    return {
        one.id: mining_per_mwh(price, one.rated_w / one.hashrate_th, pool_fee=fee)
        for one in machines
    }


def hashprice(terms: SiteTerms, network: Network, on: date) -> float:
    """Return earnings of a PH/s and day in the network's currency.

    Of operate.toml, else of the outlook: of the phase of that day, or of the first one where
    the plan begins later.
    """
    if terms.hashprice is not None:
        return terms.hashprice
    study = network.study
    begun = [i for i, phase in enumerate(study.phases) if phase.start <= on]
    phase = begun[-1] if begun else 0
    outlook = study.outlook
    if outlook.hashprice:
        in_usd = outlook.hashprice[phase]
    else:
        in_usd = hashprice_of_network(
            outlook.network_eh[phase],
            outlook.btc_price[phase],
            subsidy_btc=network.facts.bitcoin.mean_subsidy_btc(on, on + timedelta(days=1)),
            fee_share=outlook.fee_share[phase],
        )
    if study.currency == USD or USD not in study.fx:
        return in_usd
    return in_usd / study.fx[USD].value
