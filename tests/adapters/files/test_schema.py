# SPDX-License-Identifier: Apache-2.0

import json
import tomllib

import pytest

from loadstone.adapters.files import network_schema
from loadstone.model.tariff import Tariff
from tests.golden_text import compare
from tests.network_folders import campus
from tests.shape import REFERENCE


@pytest.mark.parametrize("kind", ["network", "site", "offers", "deals", "futures"])
def test_the_schemas_of_a_network_folder_are_published(kind, request):
    update = bool(request.config.getoption("--update-golden"))
    text = json.dumps(network_schema()[kind], indent=2) + "\n"
    compare(f"{kind}.schema.json", text, folder=REFERENCE, update=update)


def test_the_schema_of_a_site_knows_every_kind_of_tariff():
    schema = network_schema()["site"]
    members = {
        ref["$ref"].rpartition("/")[2]
        for ref in schema["properties"]["supply"]["items"]["anyOf"]
    }
    assert members == {kind.__name__ for kind in Tariff.__args__}
    assert "kind" in schema["$defs"]["FlatPrice"]["required"]


def test_the_schema_asks_for_no_more_than_the_reader(tmp_path):
    folder = campus(tmp_path)
    for kind, file in [("network", "network.toml"), ("site", "sites/araguari.toml")]:
        schema = network_schema()[kind]
        table = tomllib.loads((folder / file).read_text())
        assert set(schema["required"]) <= table.keys() <= set(schema["properties"])
