# SPDX-License-Identifier: Apache-2.0
"""The starter networks."""

import pytest


@pytest.mark.parametrize(("name", "most_s"), [("campus", 5), ("brics", 90)])
def test_a_starter_network(measured, benchmark, tell, name, most_s):
    found = benchmark.pedantic(measured, ("exact", f"network:{name}", 1e-3), rounds=1)
    tell(f"{name} to 1e-3: {found['wall_s']:.1f} s of {most_s}, {found['blocks']} site-years")
    assert found["gap"] <= 1e-3
    assert found["wall_s"] <= most_s
