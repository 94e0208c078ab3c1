# SPDX-License-Identifier: Apache-2.0

import json
from dataclasses import fields, replace

import pytest

from loadstone.adapters.files.uncertainty_file import (
    read_uncertainty,
    uncertainty_schema,
    write_uncertainty,
)
from loadstone.model.errors import InputErrors
from loadstone.model.uncertainty import Uncertainty
from tests.golden_text import compare
from tests.shape import REFERENCE
from tests.uncertainty_example import example_uncertainty as example


def test_what_is_said_of_futures_comes_back_whole(tmp_path):
    found = example()
    assert write_uncertainty(tmp_path, found) == tmp_path / "uncertainty.json"
    assert read_uncertainty(tmp_path) == found


def test_what_is_no_number_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_uncertainty(tmp_path, replace(example(), mean=float("nan")))


def test_a_file_of_another_version_is_told_with_its_name(tmp_path):
    (tmp_path / "uncertainty.json").write_text('{"currency": 3}')
    with pytest.raises(InputErrors, match=r"uncertainty\.json"):
        read_uncertainty(tmp_path)


def test_a_run_for_one_outlook_says_nothing_of_futures(tmp_path):
    assert read_uncertainty(tmp_path) is None


def test_the_schema_names_every_field():
    assert set(uncertainty_schema()["properties"]) == {f.name for f in fields(Uncertainty)}


def test_the_schema_of_uncertainty_json_is_published(request):
    update = bool(request.config.getoption("--update-golden"))
    text = json.dumps(uncertainty_schema(), indent=2) + "\n"
    compare("uncertainty.schema.json", text, folder=REFERENCE, update=update)
