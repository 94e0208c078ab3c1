# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with halls, offers, gates and rules: file, field, value and rule."""

from pathlib import Path

import pytest

from loadstone.adapters.files import copy_starter
from tests.apps.cli.commands import answer, run
from tests.network_folders import edit

SITE, STUDY, OFFERS = "sites/araguari.toml", "network.toml", "offers.toml"
STANDING = '[[standing]]\nmodel = "antminer-s21-hyd"\nmw = 40.0\ninstalled = 2025-03-01\n'
TRANCHE = "energised = 2027-07-01\ndeposit_per_mw = 30_000.0\ndeposit_paid = 2026-12-01"
FIRST = "[[connection.tranches]]\nmw = 50.0\nenergised = 2027"
BARRED = '[[eligibility]]\nsubject = "chips:US"\ncountries = ["BR"]\nallowed = false\n'


def product(name, more):
    return (
        f'[[flexibility]]\nname = "{name}"\nkind = "reserve"\nmw = 5.0\nper_mw_h = 5.0\n'
        f'currency = "USD"\nsource = "invented"\n{more}\n'
    )


CONTRADICTION = (
    product("first", 'group = "a"\nrequires = "second"')
    + product("second", 'group = "b"\nexcludes = ["a"]')
    + '[[supply]]\nkind = "spot"'
)
ITSELF = product("first", 'group = "a"\nrequires = "first"') + '[[supply]]\nkind = "spot"'
MANY = "".join(
    '[[connection.tranches]]\nmw = 1.0\nenergised = 2029-01-01\nsource = "x"\n\n'
    for _ in range(10_000)
)

# file, words, what stands in their place, field, part of the rule
WRONG = {
    "a lease larger than the site": (
        OFFERS, "mw = 100.0", "mw = 160.0",
        "leases.tenant-a.mw", "must be at most the 150 MW that Araguari can connect",
    ),
    "a lease larger than any site": (
        OFFERS, "mw = 100.0", "mw = 1e9", "leases.tenant-a.mw", "150 MW",
    ),
    "a negative lease": (OFFERS, "mw = 100.0", "mw = -1.0", "leases.tenant-a.mw", "at least 0"),
    "a lease without MW": (OFFERS, "mw = 100.0\n", "", "leases.tenant-a.mw", "is missing"),
    "a lease that is ready before the decision": (
        OFFERS, "ready = 2029-01-01", "ready = 1900-01-01",
        "leases.tenant-a.ready", "must not be before the decision",
    ),
    "a lease after all phases": (
        OFFERS, "ready = 2029-01-01\nlongstop = 2031-06-30", "ready = 9999-12-31",
        "leases.tenant-a.ready", "must be before the last phase ends, in 2036",
    ),
    "a last day before the first": (
        OFFERS, "longstop = 2031-06-30", "longstop = 2028-06-30",
        "leases.tenant-a.longstop", "must not be before ready 2029-01-01",
    ),
    "more drawn than is reserved": (
        OFFERS, "share_drawn = 0.75", "share_drawn = 1.5",
        "leases.tenant-a.share_drawn", "must be from 0 to 1",
    ),
    "a rent that is no price": (
        OFFERS, "rent_per_kw_month = 150.0", "rent_per_kw_month = 1e12",
        "leases.tenant-a.rent_per_kw_month", "must be at most 1e+09",
    ),
    "an offer for no site": (
        OFFERS, 'site = "araguari"', 'site = "atlantis"',
        "leases.tenant-a.site", "must be a site of the network, e.g. araguari",
    ),
    "an offer without a name": (
        OFFERS, 'id = "miner-b"', 'id = ""', "hosting.", "must be one line of words",
    ),
    "hosting that has ended": (
        OFFERS, "start = 2027-01-01", "start = 1900-01-01",
        "hosting.miner-b.start", "must leave years between 2027 and 2036",
    ),
    "hosting without a site": (
        OFFERS, 'sites = ["araguari"]', "sites = []",
        "hosting.miner-b.sites", "must name at least one site",
    ),
    "a table of offers that is not known": (
        OFFERS, "[[hosting]]", "[[swaps]]\nmw = 1.0\n\n[[hosting]]",
        "swaps", "is not a known field",
    ),
    "a table where a list should be": (
        OFFERS, "[[hosting]]", "[hosting]", "hosting", "must be a list",
    ),
    "a hall that does not exist": (
        SITE, 'hall = "mining_hall"', 'hall = "barn"',
        "conversions[0].hall", "must be 'mining_hall'",
    ),
    "a conversion into a hall that nothing cools": (
        SITE, 'into = "ai_hall_liquid"', 'into = "ai_hall_air"',
        "conversions[0].into", "ai_cooling is ai-liquid",
    ),
    "groups that contradict": (
        SITE, '[[supply]]\nkind = "spot"', CONTRADICTION,
        "flexibility[1].requires", "second excludes group a",
    ),
    "a product of an earlier version": (
        SITE, "[[flexibility]]", "[[curtailment]]",
        "curtailment", 'is now [[flexibility]], with kind = "curtailment"',
    ),
    "tranches without end": (
        SITE, FIRST, MANY + FIRST, "connection.tranches", "must be",
    ),
    "a tranche before the decision": (
        SITE, TRANCHE, "energised = 1900-07-01",
        "connection.tranches[0].energised", "must not be before the decision, 2026-12-01",
    ),
    "a negative tranche": (
        SITE, FIRST, FIRST.replace("50.0", "-50.0"),
        "connection.tranches[0].mw", "at least 0",
    ),
    "a deposit without a day": (
        SITE, TRANCHE, "energised = 2027-07-01\ndeposit_per_mw = 30_000.0",
        "connection.tranches[0].deposit_paid", "must be given",
    ),
    "a non-firm connection whose series is missing": (
        SITE, FIRST, f'[connection.non_firm]\nmax_mw = 9.0\nseries = "BR-X"\n\n{FIRST}',
        "connection.non_firm.series", "has no availability series",
    ),
    "a non-firm connection that is always there": (
        SITE, FIRST, f"[connection.non_firm]\nmax_mw = 9.0\n\n{FIRST}",
        "connection.non_firm.cut", "must say when power is taken away",
    ),
    "transformers twice": (
        SITE, "[backup]", "[transformers]\nunit_mw = 9.0\nmax_units = 2\n\n[backup]",
        "file", "must be TOML: Cannot declare",
    ),
    "transformers that carry too little": (
        SITE, "standing = 3", "standing = 0",
        "transformers.standing", "must carry the 50 MW that are connected",
    ),
    "half a transformer": (
        SITE, "standing = 3", "standing = 2.5", "transformers.standing", "a whole number",
    ),
    "more hours than a year has": (
        SITE, "max_hours = 200.0", "max_hours = 1e9", "backup.max_hours", "at most 8760",
    ),
    "more power than there is": (
        SITE, "[backup]\nmax_mw = 40.0", "[backup]\nmax_mw = 1e18",
        "backup.max_mw", "must be at most 1e+15",
    ),
    "a product that requires itself": (
        SITE, '[[supply]]\nkind = "spot"', ITSELF,
        "flexibility[1].requires", "must be another product",
    ),
    "what stands is still to come": (
        SITE, "installed = 2025-03-01", "installed = 2225-03-01",
        "standing[0].installed", "must not be after the first phase begins",
    ),
    "a gate without routes": (SITE, "routes = 2\n", "", "gates[1].routes", "must be given"),
    "a probability above 1": (
        SITE, "probability = 0.85", "probability = 1.5", "gates[0].probability", "from 0 to 1",
    ),
    "an eligibility row without a date": (
        STUDY, "[fx]", f'{BARRED}source = "a rule"\n\n[fx]',
        "eligibility[0].effective_from", "is missing",
    ),
    "a decision of another time": (
        STUDY, "decided = 2026-12-01", "decided = 1900-12-01", "decided", "from 2009 to 2100",
    ),
    "a phase without end": (
        STUDY, "years = 4", "years = 1e9", "phases[7].years", "from 0.5 to 50, in halves",
    ),
}  # fmt: skip


def starter(folder: Path) -> Path:
    copy_starter("campus", folder / "campus")
    return folder / "campus"


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_each_is_told_by_file_field_value_and_rule(case, tmp_path):
    file, before, after, field, rule = case
    folder = starter(tmp_path)
    edit(folder / file, before, after)
    there = tree(tmp_path)
    for command in ("check", "plan"):
        errors = answer(command, folder, code=2)["errors"]
        found = [e for e in errors if e["field"].startswith(field) and rule in e["rule"]]
        assert len(found) == 1, errors
        assert found[0]["file"] == str(folder / file)
        assert found[0].keys() == {"file", "field", "value", "rule"}
        assert {e["file"] for e in errors} == {str(folder / file)}
        assert "Traceback" not in run(command, folder).output
    assert tree(tmp_path) == there


def test_mistakes_of_all_files_come_at_once(tmp_path):
    folder = starter(tmp_path)
    chosen = [
        "a lease larger than the site", "hosting without a site", "a hall that does not exist",
        "a gate without routes", "a negative tranche", "a product of an earlier version",
        "an eligibility row without a date",
    ]  # fmt: skip
    for name in chosen:
        edit(folder / WRONG[name][0], *WRONG[name][1:3])
    errors = answer("check", folder, code=2)["errors"]
    # what offers are for is looked at once the sites are right
    assert {e["field"] for e in errors} == {
        WRONG[name][3] for name in chosen if name != "a lease larger than the site"
    }


def test_a_conversion_where_no_miners_may_stand(tmp_path):
    folder = starter(tmp_path)
    edit(folder / SITE, "mining_mw = 140.0", "mining_mw = 0.0")
    edit(folder / SITE, STANDING, "")
    errors = answer("check", folder, code=2)["errors"]
    assert [e["field"] for e in errors] == ["conversions[0].hall", "hosting.miner-b.sites"]


def test_a_lease_before_there_is_any_connection(tmp_path):
    folder = starter(tmp_path)
    edit(folder / SITE, "existing_mw = 50.0\nmax_mw = 150.0", "max_mw = 150.0")
    edit(folder / SITE, 'status = "operating"', 'status = "planned"')
    edit(folder / OFFERS, "ready = 2029-01-01", "ready = 2027-03-01")
    (error,) = answer("check", folder, code=2)["errors"]
    assert error["field"] == "leases.tenant-a.ready"
    assert error["rule"] == "must not be before Araguari has a connection, in 2027"


def test_no_offers_are_an_offer_less_network(tmp_path):
    folder = starter(tmp_path)
    (folder / OFFERS).write_text("")
    (folder / "deals.toml").unlink()  # it speaks of the tenant
    assert run("check", folder).exit_code == 0


@pytest.mark.parametrize(
    ("edits", "rules"),
    [
        (
            [(SITE, "opens = 2027-12-31", "opens = 2039-12-31")],
            ["tenant-a must be taken", "fibre on 2 routes for AI is expected on 2039-12-31"],
        ),
        (
            [(STUDY, "total_budget = 1_400_000_000.0", "total_budget = 1_000_000.0")],
            ["the lease tenant-a at Araguari, taken once: at least 100 MW",
             "all capital: at most 1,000,000 USD"],
        ),
    ],
    ids=["a gate", "capital"],
)  # fmt: skip
def test_an_offer_that_must_be_met_and_cannot_is_infeasible(edits, rules, tmp_path):
    folder = starter(tmp_path)
    edit(folder / OFFERS, "mw = 100.0", "mw = 100.0\nmust = true")
    for file, before, after in edits:
        edit(folder / file, before, after)
    (error,) = answer("plan", folder, "--out", tmp_path / "run", code=1)["errors"]
    told = " | ".join(error["conflict"])
    assert [rule for rule in rules if rule not in told] == []
    assert error["relax"]
    assert not (tmp_path / "run").exists()


def test_names_in_any_script_are_kept(tmp_path):
    folder = starter(tmp_path)
    edit(folder / SITE, 'name = "Araguari"', 'name = "阿拉瓜里 <script> [red]"')
    edit(folder / OFFERS, 'id = "tenant-a"', 'id = "арендатор № 1"')
    edit(folder / "deals.toml", "lease:tenant-a", "lease:арендатор № 1")
    assert run("check", folder).exit_code == 0
    edit(folder / OFFERS, "mw = 100.0", "mw = 1000.0")
    error = answer("check", folder, code=2)["errors"][0]
    assert error["field"] == "leases.арендатор № 1.mw"
    assert "阿拉瓜里 <script> [red]" in error["rule"]
