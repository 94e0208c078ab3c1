# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from loadstone.adapters.sources.calibrating import calibrate_file
from loadstone.adapters.sources.importing import Request
from loadstone.model.errors import InputErrors
from tests.adapters.sources.made import PRICES, csv_file, rows

PRICES_OF_X = Request(kind="prices", zone="X")


def test_a_file_without_currency_is_calibrated_over_its_level(tmp_path):
    lines = rows()
    del lines[500:560]  # gaps are left out
    made, said = calibrate_file(csv_file(tmp_path, lines), PRICES_OF_X, date="2026-11-21")
    assert made.level == pytest.approx(np.delete(PRICES, slice(500, 560)).mean(), abs=1e-4)
    assert (made.zone, made.currency, made.time_zone, made.date) == (
        "X",
        "",
        "UTC",
        "2026-11-21",
    )
    assert "column price taken for price" in said


def test_currency_clock_and_kind_are_kept(tmp_path):
    request = Request(kind="prices", zone="X", currency="BRL", tz="America/Sao_Paulo")
    made, _ = calibrate_file(csv_file(tmp_path, rows()), request)
    assert (made.currency, made.time_zone) == ("BRL", "America/Sao_Paulo")
    there, _ = calibrate_file(csv_file(tmp_path, rows()), request, time_zone="UTC")
    assert there.time_zone == "UTC"
    warm = csv_file(tmp_path, [(t, "20", "50") for t, _ in rows()], header="time,temp,rh")
    air, _ = calibrate_file(warm, Request(kind="weather", zone="X"))
    assert (air.variable, air.level) == ("drybulb_c", 1.0)


def test_wrong_cells_and_short_files_are_refused(tmp_path):
    lines = [list(row) for row in rows()]
    lines[3][1] = "abc"
    with pytest.raises(InputErrors, match="line 5"):
        calibrate_file(csv_file(tmp_path, lines), PRICES_OF_X)
    with pytest.raises(InputErrors, match="20 days"):
        calibrate_file(csv_file(tmp_path, rows()[:3000]), PRICES_OF_X)
