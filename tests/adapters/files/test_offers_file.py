# SPDX-License-Identifier: Apache-2.0
"""offers.toml is read with its network, and all that is wrong with it is told."""

from datetime import date

from tests.network_folders import campus, edit, read, wrong

OFFERS = """
[[leases]]
id = "tenant"
tenant = "Tenant"
site = "araguari"
hall = "ai_hall_liquid"
mw = 20.0
rent_per_kw_month = 140.0
currency = "USD"
term_years = 12.0
ready = 2029-01-01
longstop = 2030-12-31
damages_per_mw_day = 400.0
credit = "A"
credit_spread = 0.015
share_drawn = 0.7
power = "tenant"
undrawn_usable = true
source = "letter of 1 October"

[[hosting]]
id = "guest"
customer = "Guest"
sites = ["araguari"]
max_mw = 20.0
fee_per_mwh = 75.0
currency = "USD"
uptime_floor = 0.9
shortfall_per_mwh = 30.0
start = 2027-01-01
term_years = 4.0
cooling = "hydro"
source = "letter of 2 October"
"""


def folder_with(tmp_path, text):
    folder = campus(tmp_path)
    (folder / "offers.toml").write_text(text, encoding="utf-8")
    return folder


def test_offers_are_read_with_their_network(tmp_path):
    offers = read(folder_with(tmp_path, OFFERS)).offers
    assert [one.id for one in (*offers.leases, *offers.hosting)] == ["tenant", "guest"]
    assert offers.leases[0].longstop == date(2030, 12, 31)
    assert offers.hosting[0].sites == ("araguari",)


def test_a_network_without_the_file_has_no_offers(tmp_path):
    folder = campus(tmp_path)
    assert not (folder / "offers.toml").exists()
    offers = read(folder).offers
    assert (offers.leases, offers.hosting) == ((), ())


def test_all_that_is_wrong_with_offers_is_told_by_their_names(tmp_path):
    text = OFFERS.replace("mw = 20.0\nrent", "mw = 2000.0\nrent")
    text = text.replace("term_years = 4.0", "term_years = 0.0").replace("[[h", "x = 1\n[[h")
    errors = wrong(folder_with(tmp_path, text))
    told = {(file, field) for file, field, _ in errors}
    assert ("offers.toml", "hosting.guest.term_years") in told
    assert ("offers.toml", "leases.tenant.x") in told


def test_what_does_not_fit_the_network_is_told_with_the_file(tmp_path):
    text = OFFERS.replace("mw = 20.0\nrent", "mw = 2000.0\nrent").replace('"USD"', '"XXX"')
    errors = wrong(folder_with(tmp_path, text))
    assert {(file, field) for file, field, _ in errors} == {
        ("offers.toml", "leases.tenant.mw"),
        ("offers.toml", "leases.tenant.currency"),
        ("offers.toml", "hosting.guest.currency"),
    }


def test_what_only_follows_from_a_wrong_site_is_not_told(tmp_path):
    text = OFFERS.replace("mw = 20.0\nrent", "mw = 2000.0\nrent")
    folder = folder_with(tmp_path, text)
    edit(folder / "sites" / "araguari.toml", 'status = "', 'status = "never ')
    assert {file for file, _, _ in wrong(folder)} == {"sites/araguari.toml"}
