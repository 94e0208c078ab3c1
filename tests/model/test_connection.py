# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import date

import pytest

from loadstone.adapters.tables import checked
from loadstone.model.agreement import disagreements
from loadstone.model.connection import (
    Backup,
    Connection,
    Cut,
    NonFirm,
    Tranche,
    Transformers,
    in_years,
)
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.site import Opening
from loadstone.model.tariff import OwnGeneration
from tests.engines.plan.lower import tiny_network as tiny

CUT = (Cut(hours=(18,)),)
DAY = date(2028, 7, 1)


def tranche(**changes):
    return Tranche(**{"mw": 5.0, "energised": DAY, "source": "x"} | changes)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (Cut, "hours"),
        (lambda: Cut(hours=(24,)), "hours"),
        (lambda: Cut(months=(0,)), "months"),
        (lambda: NonFirm(max_mw=5.0), "cut"),
        (lambda: NonFirm(existing_mw=6.0, max_mw=5.0, cut=CUT), "existing_mw"),
        (lambda: NonFirm(max_mw=5.0, cut=CUT, cost_per_mw=-1.0), "cost_per_mw"),
        (lambda: tranche(deposit_per_mw=1.0), "deposit_paid"),
        (lambda: tranche(deposit_paid=DAY), "deposit_paid"),
        (lambda: tranche(deposit_per_mw=1.0, deposit_paid=date(2028, 7, 2)), "deposit_paid"),
        (lambda: tranche(mw=-1.0), "mw"),
        (lambda: Connection(max_mw=1.0, exit_fee_per_mw=-1.0), "exit_fee_per_mw"),
        (lambda: Connection(max_mw=4.0, tranches=(tranche(),)), "tranches"),
        (lambda: Connection(existing_mw=2.0, max_mw=6.0, tranches=(tranche(),)), "tranches"),
        (lambda: Connection(max_mw=9.0, tranches=(tranche(firm=False),)), "tranches"),
        (
            lambda: Connection(
                max_mw=9.0,
                non_firm=NonFirm(max_mw=4.0, cut=CUT),
                tranches=(tranche(firm=False),),
            ),
            "tranches",
        ),
        (
            lambda: Connection(
                max_mw=99.0, tranches=(tranche(), tranche(energised=date(2028, 1, 1)))
            ),
            "tranches",
        ),
        (lambda: Connection(max_mw=9.0, off_grid=True, tranches=(tranche(),)), "off_grid"),
        (lambda: Transformers(unit_mw=0.0, max_units=2), "unit_mw"),
        (lambda: Transformers(unit_mw=5.0, max_units=1), "redundancy"),
        (lambda: Transformers(unit_mw=5.0, standing=3, max_units=2), "standing"),
        (
            lambda: Transformers(unit_mw=5.0, standing=1, max_units=9, redundancy=2),
            "standing",
        ),
        (lambda: Transformers(unit_mw=5.0, max_units=2, life_years=0.0), "life_years"),
        (lambda: Backup(existing_mw=2.0, max_mw=1.0), "existing_mw"),
        (lambda: Backup(max_mw=1.0, max_hours=-1.0), "max_hours"),
    ],
)
def test_what_cannot_be_is_refused_by_name(make, field):
    with pytest.raises(InputError) as error:
        make()
    assert error.value.field == field


def test_a_day_in_calendar_years():
    assert in_years(date(2027, 1, 1)) == 2027.0
    assert in_years(DAY) == pytest.approx(2028.5, abs=2e-3)


def test_new_power_comes_with_the_first_tranche_or_after_the_lead_time():
    assert Connection(max_mw=9.0, lead_time_years=2.0).ready(2027.0) == 2029.0
    dated = Connection(max_mw=9.0, lead_time_years=9.0, tranches=(tranche(),))
    assert dated.ready(2027.0) == in_years(DAY)
    sooner = NonFirm(max_mw=4.0, cut=CUT, lead_time_years=0.5)
    assert replace(dated, non_firm=sooner).ready(2027.0) == 2027.5


def test_firm_and_non_firm_power_add_up():
    flexible = NonFirm(existing_mw=1.0, max_mw=4.0, cut=CUT)
    both = Connection(existing_mw=2.0, max_mw=6.0, non_firm=flexible)
    assert (both.exists_mw, both.most_mw) == (3.0, 10.0)
    alone = replace(both, non_firm=None)
    assert (alone.exists_mw, alone.most_mw) == (2.0, 6.0)


@pytest.mark.parametrize(
    ("usable", "standing", "mw"), [(True, 3, 15.0), (False, 3, 10.0), (False, 0, 0.0)]
)
def test_transformers_carry_what_the_utility_lets_them(usable, standing, mw):
    units = Transformers(unit_mw=5.0, standing=standing, max_units=3, reserve_usable=usable)
    assert units.carries_mw == mw


def engines():
    return OwnGeneration(currency="USD", zone="UTC", name="backup", limit_mw=1.0, per_mwh=40.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (
            {
                "connection": Connection(existing_mw=9.0, max_mw=9.0),
                "transformers": Transformers(unit_mw=4.0, standing=2, max_units=3),
            },
            "transformers.standing",
        ),
        (
            {
                "connection": Connection(max_mw=9.0, off_grid=True),
                "transformers": Transformers(unit_mw=4.0, max_units=3),
            },
            "transformers",
        ),
        (
            {
                "opening": Opening(),
                "transformers": Transformers(unit_mw=4.0, standing=2, max_units=3),
            },
            "transformers.standing",
        ),
        (
            {"opening": Opening(), "backup": Backup(existing_mw=1.0, max_mw=3.0)},
            "backup.existing_mw",
        ),
        (
            {
                "opening": Opening(),
                "connection": Connection(
                    max_mw=1.0, non_firm=NonFirm(existing_mw=1.0, max_mw=3.0, cut=CUT)
                ),
            },
            "connection.existing_mw",
        ),
        ({"supply": (tiny.flat(), engines()), "backup": Backup(max_mw=1.0)}, "supply"),
    ],
)
def test_what_does_not_fit_behind_a_connection_is_refused(changes, field):
    with pytest.raises(InputError) as error:
        tiny.site(**changes)
    assert error.value.field == field


def test_a_site_may_operate_on_non_firm_power_alone():
    flexible = NonFirm(existing_mw=5.0, max_mw=5.0, cut=CUT)
    site = tiny.site(status="operating", connection=Connection(max_mw=0.0, non_firm=flexible))
    assert site.connection.exists_mw == 5.0


def said(site, **study):
    return [
        (e.field, e.rule) for e in disagreements(tiny.network(site, **study))
        if e.field.startswith("connection")
    ]  # fmt: skip


def test_a_tranche_before_the_decision_is_refused():
    tranches = (tranche(energised=date(2026, 12, 31)),)
    (error,) = said(tiny.site(connection=Connection(max_mw=9.0, tranches=tranches)))
    assert error[0] == "connection.tranches[0].energised"
    assert "must not be before the decision, 2027-01-01" in error[1]
    decided = tiny.site(connection=Connection(max_mw=9.0, tranches=tranches))
    assert not said(decided, decided=date(2026, 11, 1))


def test_a_first_tranche_after_the_last_phase_is_refused():
    tranches = (tranche(energised=date(2028, 1, 1)),)
    (error,) = said(tiny.site(connection=Connection(max_mw=9.0, tranches=tranches)))
    assert error[0] == "connection.tranches[0].energised"
    assert "must leave a phase" in error[1]


def test_a_missing_availability_series_is_named():
    flexible = NonFirm(max_mw=5.0, series="nowhere")
    (error,) = said(tiny.site(connection=Connection(max_mw=9.0, non_firm=flexible)))
    assert error[0] == "connection.non_firm.series"
    assert 'kind = "availability"' in error[1]


TABLE = {
    "existing_mw": 0.0,
    "max_mw": 100.0,
    "exit_fee_per_mw": 50_000.0,
    "non_firm": {"max_mw": 50.0, "cut": [{"months": [7], "hours": [17, 18, 19]}]},
    "tranches": [
        {
            "mw": 100.0,
            "energised": date(2028, 7, 1),
            "deposit_per_mw": 25_000.0,
            "deposit_paid": date(2027, 1, 1),
            "source": "grid agreement",
        }
    ],
}


def test_a_connection_is_read_as_a_file_says_it():
    found = checked(Connection, TABLE)
    assert found.tranches[0].energised == DAY
    assert found.non_firm.cut[0].hours == (17, 18, 19)


def test_a_mistake_in_a_tranche_is_told_by_its_place():
    table = TABLE | {"tranches": [TABLE["tranches"][0] | {"firmm": False}]}
    with pytest.raises(InputErrors) as errors:
        checked(Connection, table)
    assert errors.value.errors[0].field == "tranches[0].firmm"
