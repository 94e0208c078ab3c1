# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from loadstone.model.errors import InputError
from tests.contracts.tariff_examples import load, local_month

GRID = local_month(2026, 3, 15)
DRAWN = load(GRID, seed=4)


def test_the_residual_is_what_contracts_do_not_deliver():
    np.testing.assert_allclose(DRAWN.mw("residual"), DRAWN.import_mw - DRAWN.ppa_mw["ppa"])


def test_all_use_is_the_three_uses_together():
    uses = DRAWN.mw("mining") + DRAWN.mw("ai") + DRAWN.mw("auxiliary")
    np.testing.assert_allclose(DRAWN.mw("all_use"), uses)


def test_a_quarter_hour_of_power_is_a_quarter_of_energy():
    np.testing.assert_allclose(DRAWN.mwh("export"), DRAWN.export_mw / 4)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"import_mw": np.ones(3)}, "shape"),
        ({"export_mw": np.full(GRID.count, -1.0)}, "at least 0"),
        ({"mining_mw": np.full(GRID.count, np.nan)}, "finite"),
        ({"own_mw": {"engine": np.full(GRID.count, np.inf)}}, r"own_mw.engine\[0\]"),
        ({"ppa_mw": {"ppa": DRAWN.import_mw + 1}}, "part of import_mw"),
        ({"contracted_mw": -1.0}, "at least 0"),
    ],
)
def test_a_load_that_cannot_be_is_refused(wrong, rule):
    with pytest.raises(InputError, match=rule):
        replace(DRAWN, **wrong)
