# SPDX-License-Identifier: Apache-2.0

from tests.shared_data import SHARED, find_shared, needs_shared


def test_the_folder_is_looked_for_beside_the_repository(tmp_path):
    (tmp_path / "shared" / "data").mkdir(parents=True)
    (tmp_path / "main").mkdir()
    assert find_shared(tmp_path / "main") == tmp_path.resolve() / "shared" / "data"


def test_an_absent_folder_is_none(tmp_path):
    (tmp_path / "main").mkdir()
    assert find_shared(tmp_path / "main") is None


@needs_shared
def test_where_the_folder_exists_it_holds_electricity_prices():
    assert SHARED is not None
    assert (SHARED / "electricity").is_dir()
