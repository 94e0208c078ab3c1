# SPDX-License-Identifier: Apache-2.0

import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from loadstone.adapters.files.value_file import (
    read_valuation,
    valuation_schema,
    write_valuation,
)
from loadstone.model.errors import InputErrors
from loadstone.model.finance.cash import CashTable
from tests.golden_text import compare
from tests.shape import REFERENCE
from tests.valuation_example import example_valuation

FOUND = example_valuation()


def plain(value):
    """Return a valuation as plain values, to be compared."""
    return json.loads(json.dumps(asdict(value), default=lambda x: np.asarray(x).tolist()
                                 if isinstance(x, np.ndarray) else str(x)))  # fmt: skip


def test_a_valuation_comes_back_as_it_was_written(tmp_path):
    write_valuation(tmp_path, FOUND)
    back = read_valuation(tmp_path)
    assert plain(back) == plain(FOUND)
    assert isinstance(back.cash, CashTable)
    assert np.array_equal(back.cash.total(), FOUND.cash.total())


def test_a_run_that_nobody_valued_has_none(tmp_path):
    assert read_valuation(tmp_path) is None


def test_a_base_case_alone_comes_back(tmp_path):
    write_valuation(tmp_path, replace(FOUND, risk=None, debts=(), deals=()))
    assert read_valuation(tmp_path).risk is None


def test_numbers_that_are_none_are_no_json(tmp_path):
    wrong = replace(FOUND.returns[0], npv=float("nan"))
    with pytest.raises(ValueError, match="JSON"):
        write_valuation(tmp_path, replace(FOUND, returns=(wrong,)))


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [("group", "bonus", "must be 'revenue'"), ("amounts", [1.0], "must have 84 months")],
)
def test_a_value_file_that_somebody_broke_is_refused(tmp_path, field, value, rule):
    path = write_valuation(tmp_path, FOUND)
    table = json.loads(path.read_text())
    table["cash"]["rows"][0][field] = value
    path.write_text(json.dumps(table))
    with pytest.raises(InputErrors, match=rule):
        read_valuation(tmp_path)


def test_the_schema_names_every_part():
    schema = valuation_schema()
    assert set(schema["properties"]) == {field.name for field in fields(FOUND)}
    assert {"CashTable", "CashRow", "Risk", "DebtResult"} <= set(schema["$defs"])
    assert not [name for name in schema["$defs"] if name.startswith("_")]


def test_the_schema_of_value_json_is_published(request):
    update = bool(request.config.getoption("--update-golden"))
    text = json.dumps(valuation_schema(), indent=2) + "\n"
    compare("value.schema.json", text, folder=REFERENCE, update=update)
