# SPDX-License-Identifier: Apache-2.0
"""Products of flexibility: what one may say, what two may share, and what can be delivered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.flexibility import Flexibility, available, check_stacking, stacks


def product(name="a", kind="curtailment", **changes):
    given = {"mw": 5.0, "currency": "USD", "source": "an agreement"}
    return Flexibility(name=name, kind=kind, **given | changes)


def reserve(**changes):
    return product(kind="reserve", **changes)


def test_a_product_binds_in_its_window_and_no_longer_than_its_bounds():
    assert product().called_hours() == 8760
    assert product(months=(2,), hours=(17, 18)).window_hours == 56
    calls = {"max_calls": 4, "hours_per_call": 3.0}
    assert product(months=(2,), hours=(17, 18), **calls).called_hours() == 12
    assert product(months=(2,), hours=(17, 18), max_hours=7.0, **calls).called_share == 0.125
    assert reserve().called_hours() == 0
    assert reserve(hours=(1,), activated_share=0.2).called_hours() == pytest.approx(73)
    assert reserve(hours=(1,), **calls).called_share == pytest.approx(12 / 365)


WRONG = {
    "no name": (lambda: product(name=""), "name"),
    "pay below zero": (lambda: product(per_mwh=-1.0), "per_mwh"),
    "a thirteenth month": (lambda: product(months=(13,)), "months"),
    "hour 24": (lambda: product(hours=(24,)), "hours"),
    "a minimum above the maximum": (lambda: product(min_mw=6.0), "min_mw"),
    "calls without a length": (lambda: product(max_calls=3), "max_calls"),
    "a length without calls": (lambda: product(hours_per_call=3.0), "hours_per_call"),
    "availability of a curtailment": (lambda: product(per_mw_h=1.0), "per_mw_h"),
    "hours of a reserve": (lambda: reserve(max_hours=1.0), "max_hours"),
    "a penalty on a reserve": (lambda: reserve(penalty_per_mwh=1.0), "penalty_per_mwh"),
    "always activated": (lambda: reserve(activated_share=1.0), "activated_share"),
    "activated by share and by calls": (
        lambda: reserve(activated_share=0.1, max_calls=1, hours_per_call=1.0),
        "activated_share",
    ),
    "activated throughout": (
        lambda: reserve(hours=(1,), max_calls=365, hours_per_call=1.0),
        "max_calls",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_product_that_cannot_be_is_refused(case):
    make, field = WRONG[case]
    with pytest.raises(InputError, match=f"^{field} = "):
        make()


CONTRADICTIONS = {
    "one group": (
        (product("a", group="g", requires="b"), product("b", group="g")),
        "both are of group g",
    ),
    "an excluded group": (
        (product("a", group="g", requires="b"), product("b", group="h", excludes=("g",))),
        "b excludes group g",
    ),
    "no group": ((product("a", group="g", requires="b"), product("b")), "b has no group"),
    "further along": (
        (
            product("a", group="g", requires="b"),
            product("b", group="h", requires="c"),
            product("c", group="g"),
        ),
        "both are of group g",
    ),
    "an unknown product": ((product("a", group="g", requires="z"),), "is no product"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_groups_that_contradict_are_one_clear_error(case):
    products, why = CONTRADICTIONS[case]
    with pytest.raises(InputError, match=r"^flexibility\[0\].requires = ") as found:
        check_stacking(products)
    assert why in found.value.rule


def test_names_groups_and_the_number_of_sets_are_checked():
    with pytest.raises(InputError, match=r"flexibility\[1\].name"):
        check_stacking((product("a"), product("a")))
    with pytest.raises(InputError, match=r"flexibility\[0\].excludes = 'x'"):
        check_stacking((product("a", group="g", excludes=("x",)),))
    many = [product(f"p{i}", group=f"g{i}") for i in range(4)]
    check_stacking(many[:3])
    with pytest.raises(InputError, match="at most 12 sets"):
        check_stacking(many)
    with pytest.raises(InputError, match="at most 12 sets"):
        check_stacking([product(f"p{i}") for i in range(13)])


def names(products):
    return [tuple(one.name for one in stack) for stack in stacks(products)]


def test_products_share_a_mw_across_groups_alone():
    a, b, c = product("a", group="g"), product("b", group="h"), product("c")
    assert names((a, b, c)) == [("a",), ("b",), ("c",), ("a", "b")]
    assert names((product("a", group="g", requires="b"), b)) == [("b",), ("a", "b")]


groups = st.sampled_from(["", "g", "h", "i"])


@given(st.lists(st.tuples(groups, st.sets(groups.filter(bool))), max_size=5))
def test_no_set_holds_what_is_kept_apart(rows):
    products = [
        product(f"p{i}", group=group, excludes=tuple(excludes))
        for i, (group, excludes) in enumerate(rows)
    ]
    found = stacks(products)
    assert [stack for stack in found if len(stack) == 1] == [(one,) for one in products]
    for stack in found:
        groups_of = [one.group for one in stack]
        assert len(stack) == 1 or ("" not in groups_of and len(set(groups_of)) == len(stack))
        assert not any(g in one.excludes for one in stack for g in groups_of if g != one.group)


def test_what_the_control_cannot_prove_is_not_sold_nor_what_requires_it():
    slow = product("a", group="g")
    fast = product("b", group="h", response_s=10.0)
    after = product("c", group="i", requires="b")
    assert available((after, slow, fast), 10.0) == ((after, slow, fast), ())
    sold, refused = available((after, slow, fast), 60.0)
    assert sold == (slow,)
    assert len(refused) == 2
    assert "60 s is proven" in refused[0]
    assert "none is proven" in available((fast,), None)[1][0]
