# SPDX-License-Identifier: Apache-2.0
"""Contracted cash is what contracts pay less the costs of serving them."""

import numpy as np
import pytest

from loadstone.engines.value.financing.scopes import (
    invested,
    placed,
    purchases,
    scopes_of,
    service_cash,
)
from tests.engines.value.financing.plain_cash import BUILT, at, flat_tax, hall, row, table


def test_costs_are_shared_as_they_serve_contracts():
    cash, contracted = service_cash(table(*hall()), "portfolio")
    assert cash[BUILT] == pytest.approx(20 - 2 - 2.5 + 5 - 3)
    # staff is borne by revenue: 20 of 25 are under contract; mining's power by mining
    assert contracted[BUILT] == pytest.approx(20 - 2 - 2.5 * 20 / 25)
    assert cash[0] == contracted[0] == 0  # building is no cash available for service


def test_tax_is_shared_as_operating_cash_is():
    full = placed(flat_tax(table(*hall())))
    cash, contracted = service_cash(full, "site:campus")
    assert cash[BUILT] == pytest.approx(17.5 * 0.75)
    assert contracted[BUILT] == pytest.approx(16.0 * 0.75)


def test_ai_is_contracted_as_much_as_its_revenue_is():
    rows = (
        row("revenue", "ai:model", 6.0, contracted=True),
        row("revenue", "ai:model", 4.0, driver="ai:blackwell"),
        row("energy", "energy:ai", -1.0),
    )
    assert service_cash(table(*rows), "portfolio")[1][BUILT] == pytest.approx(6 - 0.6)


def test_a_contracted_hedge_counts_and_replaced_machines_do_not():
    rows = (
        row("hedge", "forward", 3.0, contracted=True),
        row("refresh", "miner:x", -1.0),
        row("resale", "miner:x", 1.0),
        row("vat", "refunded", 9.0),
        row("vat", "lost on power:mining", -0.5),
    )
    cash, contracted = service_cash(table(*rows), "portfolio")
    assert (cash[BUILT], contracted[BUILT]) == (2.5, 3.0)


def test_a_scope_has_its_own_cash_only():
    other = row("revenue", "lease:b", 7.0, site="other", country="BR", contracted=True)
    both = table(*hall(), other)
    assert service_cash(both, "country:BR")[0][BUILT] == 7
    assert service_cash(both, "site:other")[0][BUILT] == 7
    assert scopes_of(both) == (
        *("portfolio", "country:BR", "country:NO", "site:campus", "site:other"),
    )


def test_rows_of_a_country_go_to_its_sites_as_they_earn():
    poor = row("revenue", "mining", 5.0, site="poor")
    rich = row("revenue", "mining", 15.0, site="rich")
    tax = row("tax", "income", -4.0, site="")
    found = placed(table(poor, rich, tax))
    assert found.total("tax", site="rich")[BUILT] == pytest.approx(-3.0)
    assert found.total("tax", site="poor")[BUILT] == pytest.approx(-1.0)
    np.testing.assert_allclose(found.total(), table(poor, rich, tax).total())


def test_years_without_earnings_are_shared_as_the_whole_time():
    poor, rich = (
        row("revenue", "mining", 5.0, site="poor"),
        row("revenue", "mining", 15.0, site="rich"),
    )
    early = row("tax", "income", at((0, -8.0)), site="")
    assert placed(table(poor, rich, early)).total("tax", site="rich")[0] == pytest.approx(-6)


def test_duty_and_lost_tax_follow_the_price_they_are_due_on():
    rows = (
        row("capex", "miner:x", at((0, -60.0))),
        row("refresh", "miner:x", at((0, -20.0), (30, -10.0))),
        row("duty", "miner:x", at((0, -8.0), (30, -1.0))),
        row("vat", "lost on miner:x", at((0, -4.0))),
    )
    cash = table(*rows)

    def total(replacing):
        return sum(amounts for _, amounts in invested(cash, replacing=replacing))

    assert total(replacing=False)[0] == pytest.approx(60 + 6 + 3)
    assert total(replacing=True)[[0, 30]] == pytest.approx([20 + 2 + 1, 11])
    bought = sum(amounts for _, amounts in purchases(cash, "mining"))
    assert bought[[0, 30]] == pytest.approx([80, 10])
    assert not list(purchases(cash, "ai"))


def test_lost_tax_on_hedged_mining_goes_with_it():
    rows = (
        row("revenue", "mining", 6.0, driver="mining", contracted=True),
        row("revenue", "mining", 4.0, driver="mining"),
        row("energy", "energy:mining", -3.0, contracted=True),
        row("energy", "energy:mining", -2.0),
        row("vat", "lost on power:mining", -1.0),
    )
    assert service_cash(table(*rows), "portfolio")[1][BUILT] == pytest.approx(6 - 3 - 0.6)
