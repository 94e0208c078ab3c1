# SPDX-License-Identifier: Apache-2.0
"""A cooling plant whose parameters make sense, or none."""

from dataclasses import replace
from datetime import date
from math import inf

import pytest

from loadstone.model.cooling import CoolingPlant
from loadstone.model.errors import InputError

PLANT = CoolingPlant(
    name="Chilled water",
    use="ai",
    supply_c=20.0,
    tower_approach_k=4.0,
    exchanger_approach_k=2.0,
    band_k=4.0,
    eta=0.5,
    condenser_approach_k=8.0,
    fan_share=0.05,
    pump_share=0.03,
    electrical_loss_share=0.07,
    dry=False,
    derate_from_c=35.0,
    stop_c=45.0,
    ranges={"eta": (0.4, 0.6)},
    source="s",
    date=date(2026, 1, 1),
    confidence="low",
)


def test_a_plant_may_do_without_derating():
    plant = replace(PLANT, derate_from_c=None, stop_c=None)
    assert plant.stop_c is None


def test_a_plant_can_be_a_key():
    assert {PLANT: 1}[replace(PLANT)] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"use": "office"}, "use"),
        ({"supply_c": 100.0}, "supply_c"),
        ({"tower_approach_k": -1.0}, "tower_approach_k"),
        ({"band_k": 0.0}, "band_k"),
        ({"fan_share": 1.0}, "fan_share"),
        ({"eta": 0.0}, "eta"),
        ({"stop_c": None}, "stop_c"),
        ({"stop_c": 30.0}, "stop_c"),
        ({"stop_c": inf}, "stop_c"),
        ({"ranges": {"colour": (0.0, 1.0)}}, "ranges.colour"),
        ({"ranges": {"eta": (0.6, 0.7)}}, "ranges.eta"),
        ({"confidence": "sure"}, "confidence"),
    ],
)
def test_a_plant_that_breaks_a_rule_is_refused(changes, field):
    with pytest.raises(InputError) as caught:
        replace(PLANT, **changes)
    assert caught.value.field == field
