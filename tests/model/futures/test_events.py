# SPDX-License-Identifier: Apache-2.0
import pytest

from loadstone.model.errors import InputError
from loadstone.model.futures.events import Default, Delay, Hazard


@pytest.mark.parametrize(
    ("type_", "good", "field", "value"),
    [
        (Delay, {"overrun": 0.2, "spread": 0.3}, "overrun", -1.0),
        (Delay, {"overrun": 0.2, "spread": 0.3}, "spread", -0.1),
        (Delay, {"overrun": 0.2, "spread": 0.3}, "together", 1.1),
        (Hazard, {"country": "BR"}, "mining_ban", 1.0),
        (Hazard, {"country": "BR"}, "expropriation", -0.1),
        (Default, {}, "vacant_months", -1.0),
        (Default, {}, "yearly", {"BBB": 1.0}),
    ],
)
def test_chances_and_delays_that_cannot_be_are_refused(type_, good, field, value):
    type_(source="a test", **good)
    with pytest.raises(InputError, match=field):
        type_(source="a test", **good | {field: value})


def test_tenants_without_a_listed_credit_are_others():
    default = Default(yearly={"BBB": 0.01, "other": 0.05}, source="a test")
    assert default.chance("BBB") == 0.01
    assert default.chance("") == 0.05
    assert Default(yearly={"BBB": 0.01}, source="a test").chance("A") is None
