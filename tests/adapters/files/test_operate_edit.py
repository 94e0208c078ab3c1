# SPDX-License-Identifier: Apache-2.0

import tomllib

import pytest

from loadstone.adapters.files.operate_edit import edited
from loadstone.model.errors import InputError
from loadstone.model.operations.terms import MachineRow
from tests.shape import DATA, text_of

CAMPUS = text_of(DATA / "networks" / "campus" / "operate.toml")
ROW = MachineRow(
    group="hall-1", family="luxos", addresses=("10.9.0.1", "10.9.0.2:4029"),
    model="antminer-s21-hyd", ids=("aa", "bb"),
)  # fmt: skip


def test_a_row_is_added_and_nothing_else_changes():
    text, moved = edited(CAMPUS, "araguari", [ROW])
    before, after = tomllib.loads(CAMPUS), tomllib.loads(text)
    added = after["sites"][0]["machines"].pop()
    assert after == before
    assert (added["addresses"], added["ids"]) == (["10.9.0.1", "10.9.0.2:4029"], ["aa", "bb"])
    assert moved == frozenset()
    assert [line for line in CAMPUS.splitlines() if line not in text.splitlines()] == []


def test_a_machine_with_a_name_moves_to_its_new_address():
    text, _ = edited(CAMPUS, "araguari", [ROW])
    again, moved = edited(text, "araguari", moves={"bb": "10.9.0.77", "cc": "10.9.0.78"})
    row = tomllib.loads(again)["sites"][0]["machines"][-1]
    assert row["addresses"] == ["10.9.0.1", "10.9.0.77"]
    assert moved == {"bb"}


def test_the_second_site_gets_its_own_machines():
    brics = text_of(DATA / "networks" / "brics" / "operate.toml")
    table = tomllib.loads(edited(brics, "sayanogorsk", [ROW])[0])
    assert [len(site["machines"]) for site in table["sites"]] == [2, 3]


def test_a_site_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="must be a site"):
        edited(CAMPUS, "nowhere", [ROW])
