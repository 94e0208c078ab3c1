# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the files a user writes, for editors."""

from typing import Any

from loadstone.adapters.tables import schema
from loadstone.model.finance.deals import Deals
from loadstone.model.futures.terms import Futures
from loadstone.model.network import Study
from loadstone.model.offer import Offers
from loadstone.model.site import Site

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def network_schema() -> dict[str, dict[str, Any]]:
    """Return the schema of each kind of file, by its name: "network", "site", "deals" ..."""
    network = _schema(Study, "network.toml")
    site = _schema(Site, "sites/*.toml")
    site["required"] = [name for name in site["required"] if name != "id"]
    for definition in site["$defs"].values():
        properties = definition.get("properties", {})
        if "const" in properties.get("kind", {}):  # which it is cannot be left to a default
            definition["required"] = ["kind", *definition.get("required", ())]
    further = {"offers": Offers, "deals": Deals, "futures": Futures}
    return {"network": network, "site": site} | {
        name: _schema(type_, f"{name}.toml") for name, type_ in further.items()
    }


def _schema(type_: Any, title: str) -> dict[str, Any]:
    return {"$schema": DIALECT} | schema(type_) | {"title": title}
