# SPDX-License-Identifier: Apache-2.0
"""Promises about the repository as a whole."""

import datetime
import re

import pytest

import loadstone
from tests.shape import (
    ROOT,
    SOURCES,
    fact_files,
    number_tables,
    read_toml,
    text_of,
    tracked_files,
)

MEGABYTE = 1_000_000
# in pieces, so that this file does not hold what it looks for
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("conda", "anaconda", "org"),
    ]
]
INDEX_OPTIONS = re.compile(
    r"^\s*--?(i|index-url|extra-index-url|find-links|f)[ =]", re.MULTILINE
)


def names(paths) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_public_names_are_sorted_and_at_most_twenty():
    public = [name for name in loadstone.__all__ if name != "__version__"]
    assert public == sorted(public)
    assert len(public) == len(set(public)) <= 20


def test_every_public_name_exists():
    assert [name for name in loadstone.__all__ if not hasattr(loadstone, name)] == []


@pytest.mark.parametrize("path", fact_files(), ids=lambda path: path.stem)
def test_every_number_has_a_source_and_a_date(path):
    found = list(number_tables(read_toml(path)))
    assert [place for place, source, date in found if not source or not date] == []


@pytest.mark.parametrize("path", fact_files(), ids=lambda path: path.stem)
def test_every_source_is_listed(path):
    if not SOURCES.is_file():
        pytest.skip("there is no data/sources.toml yet")
    listed = read_toml(SOURCES)
    listed |= listed.get("sources", {})
    named = {source for _, source, _ in number_tables(read_toml(path)) if source}
    assert sorted(named - listed.keys()) == []


def test_a_table_has_the_source_of_the_table_it_stands_in():
    table = {
        "source": "law",
        "date": datetime.date(2026, 1, 1),
        "rate": 0.3,
        "zones": [{"carbon": 5.0, "source": "grid"}, {"name": "no number"}],
        "flag": {"on": True},
    }
    found = [(place, source) for place, source, _ in number_tables(table)]
    assert found == [("(top)", "law"), ("zones[0]", "grid")]


def test_a_number_without_a_source_is_found():
    assert list(number_tables({"tax": {"rate": [0.1, 0.2]}})) == [("tax", None, None)]


def test_every_python_file_opens_with_its_licence():
    python = [path for path in tracked_files() if path.suffix == ".py"]
    first = "# SPDX-License-Identifier: Apache-2.0\n"
    assert names(path for path in python if not text_of(path).startswith(first)) == []


def test_no_file_names_a_package_registry():
    held = [path for path in tracked_files() if any(r in text_of(path) for r in REGISTRIES)]
    assert names(held) == []


def test_the_lock_files_name_no_index():
    locks = sorted(ROOT.glob("requirements*.lock"))
    kept = ["requirements-dev.lock", "requirements-peers.lock", "requirements.lock"]
    assert names(locks) == kept
    assert names(path for path in locks if INDEX_OPTIONS.search(text_of(path))) == []
    assert names(path for path in locks if "://" in text_of(path)) == []


def test_the_development_lock_holds_the_versions_of_the_other():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==[^\\\n]+)", text_of(ROOT / name), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_the_package_does_not_reach_outside_itself():
    outside = "/".join(["..", "shared"])
    package = [path for path in tracked_files() if path.is_relative_to(ROOT / "src")]
    assert names(path for path in package if outside in text_of(path)) == []


def test_no_file_is_over_a_megabyte():
    assert names(path for path in tracked_files() if path.stat().st_size > MEGABYTE) == []


def test_facts_are_no_package():
    assert names((ROOT / "src" / "loadstone" / "data").rglob("*.py")) == []


def test_no_folder_is_called_after_nothing():
    vague = {"utils", "common", "misc", "core", "base", "manager"}
    assert (
        names(path for path in tracked_files() if vague & {path.stem, path.parent.name}) == []
    )
