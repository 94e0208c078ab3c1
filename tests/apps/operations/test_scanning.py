# SPDX-License-Identifier: Apache-2.0
"""What a scan found, brought into operate.toml and the store."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from loadstone.adapters.drivers.discovery import Found
from loadstone.apps.operations.places import read_place
from loadstone.apps.operations.scanning import Sought, take_in
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Reason
from tests.apps.operations.real_site import SITE, RealSite

OLD, NEW = Credential(user="u", password="old"), Credential(user="u", password="new")
SOUGHT = Sought(ranges=["10.9.0.1-10.9.0.9"], ports={}, group="hall-1", credential=OLD)


def found(last: int, mac: str, reason: Reason = Reason.NONE) -> Found:
    said = Identity(family="luxos", mac=mac, model="Antminer S21 Hyd")
    return Found(
        family="luxos",
        address=Address(host=f"10.9.0.{last}", port=4028),
        identity=None if reason else said,
        reason=reason,
    )


@pytest.fixture
def site(tmp_path):
    made = RealSite(tmp_path, each=1)
    yield made
    made.store.close()


def scanned(site, sought, *ones):
    place = read_place(site.folder, date(2026, 11, 21))
    return take_in(place, place.operation.sites[0], site.store, sought, ones)


def test_another_password_reaches_the_machines_that_are_known(site):
    first = scanned(site, SOUGHT, found(1, "02:00:00:00:00:01"), found(2, "02:00:00:00:00:02"))
    assert [one.id for one in first.added] == ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    again = scanned(
        site,
        replace(SOUGHT, credential=NEW),
        found(1, "02:00:00:00:00:01"),
        found(7, "02:00:00:00:00:02"),  # it moved
        found(3, "02:00:00:00:00:03"),
    )
    assert (again.same, list(again.moved)) == (1, ["02:00:00:00:00:02"])
    kept = site.store.credentials(SITE)
    assert {kept[f"02:00:00:00:00:0{n}"] for n in (1, 2, 3)} == {NEW}


def test_a_machine_that_refuses_the_password_keeps_the_one_it_has(site):
    scanned(site, SOUGHT, found(1, "02:00:00:00:00:01"))
    wrong = found(1, "", Reason.AUTH)
    said = scanned(site, replace(SOUGHT, credential=NEW), wrong)
    assert said.silent
    assert site.store.credentials(SITE)["02:00:00:00:00:01"] == OLD


def test_scans_that_end_at_once_lose_no_machine(site):
    place, start = read_place(site.folder, date(2026, 11, 21)), threading.Barrier(4)

    def scan(last: int) -> None:
        start.wait()  # all of them know operate.toml as it was before
        one = found(last, f"02:00:00:00:00:0{last}")
        take_in(place, place.operation.sites[0], site.store, SOUGHT, [one])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(scan, range(1, 5)))
    terms = read_place(site.folder, date(2026, 11, 21)).operation.sites[0]
    ids = {id_ for row in terms.machines for id_ in row.ids}
    assert {f"02:00:00:00:00:0{last}" for last in range(1, 5)} <= ids
