# SPDX-License-Identifier: Apache-2.0
"""31 sites, 5 build years, vintages that retire, and sites that open or do not."""

import pytest


@pytest.mark.parametrize(("gap", "most_s"), [(1e-3, 30), (1e-4, 90)])
def test_31_sites_that_open_in_5_years(measured, benchmark, tell, gap, most_s):
    found = benchmark.pedantic(measured, ("exact", "phases:31x5:open", gap), rounds=1)
    tell(f"31 x 5 with openings to {gap:g}: {found['wall_s']:.1f} s of {most_s}")
    assert found["gap"] <= gap
    assert found["wall_s"] <= most_s


def test_31_sites_in_5_years(measured, benchmark):
    found = benchmark.pedantic(measured, ("exact", "phases:31x5", 1e-4), rounds=1)
    assert found["gap"] <= 1e-4
