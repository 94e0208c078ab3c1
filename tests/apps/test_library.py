# SPDX-License-Identifier: Apache-2.0

import pytest

import loadstone
from loadstone.apps import charts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("library") / "campus"
    loadstone.new(target)
    return target


@pytest.fixture(scope="module")
def run(folder):
    return loadstone.plan(folder, gap=1e-3)


def test_a_network_is_checked_with_its_limits_and_its_evidence(folder):
    found = loadstone.check(folder)
    assert found.limits()["site"].tolist() == ["araguari"]
    rows = found.provenance()
    assert set(rows["kind"]) == {"prices", "drybulb_c", "wetbulb_c", "solar"}
    assert (rows["synthetic"] == 1.0).all()
    assert all(not w.path.startswith("countries.RU") for w in found.warnings)
    assert "Campus" in repr(found)


def test_a_run_lands_in_the_network_s_own_folder(run, folder):
    assert run.folder.parent == folder / "runs"
    assert {path.name for path in run.files} == {
        "plan.json", "dispatch.parquet", "certificate.parquet", "report.html", "plan.xlsx",
        "manifest.json", "decision.json",
    }  # fmt: skip
    assert all(path.is_file() for path in run.files)
    assert "Campus" in repr(run)


def test_frames_add_up_to_the_plan(run):
    assert run.sites()["npv"].sum() == pytest.approx(run.plan.objective, rel=1e-6)
    builds = run.builds()
    assert builds["capex"].sum() == pytest.approx(run.plan.metrics["capex"], rel=1e-6)
    assert set(run.years()["site"]) == {"araguari"}
    assert (run.limits()["value"] != 0).all()


def test_hours_are_those_of_the_planning_year(run):
    hours = run.hours("araguari", 2028)
    assert len(hours) == 8760
    assert str(hours.index[0]) == "2028-01-01 00:00:00+00:00"
    assert "2028-02-29" not in hours.index.strftime("%Y-%m-%d").unique()
    assert (hours["grid_import_mw"] >= 0).all()
    with pytest.raises(loadstone.InputError, match="must be of an open site"):
        run.hours("araguari", 1999)


def test_figures_are_titled(run):
    for figure in (run.map(), run.timeline(), run.capacity(), run.provenance(),
                   run.merit_order("araguari", 2028), run.year("araguari", 2028)):  # fmt: skip
        assert isinstance(figure, charts.Figure)
        assert figure.layout.title.text


def test_a_run_is_opened_verified_and_reported_again(run):
    again = loadstone.open_run(run.folder)
    assert again.plan == run.plan
    found = loadstone.verify(run.folder, level=2)
    assert found.ok
    assert (run.folder / "verification.json").is_file()
    (run.folder / "report.html").unlink()
    files = loadstone.report(run.folder)
    assert {path.name for path in files} == {"report.html", "plan.xlsx"}
    assert "level 2" in (run.folder / "report.html").read_text(encoding="utf-8")


def test_the_same_network_gives_the_same_plan_to_the_bit(run, folder, tmp_path):
    again = loadstone.plan(folder, tmp_path / "again", gap=1e-3, beside=False)
    for name in ("plan.json", "dispatch.parquet", "certificate.parquet"):
        assert (again.folder / name).read_bytes() == (run.folder / name).read_bytes()


def test_names_are_listed_and_no_other_is_there():
    assert set(dir(loadstone)) == set(loadstone.__all__)
    with pytest.raises(AttributeError, match="no attribute 'plans'"):
        loadstone.plans  # noqa: B018 - asking is the test
