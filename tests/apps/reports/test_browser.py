# SPDX-License-Identifier: Apache-2.0

import re
import shutil
import subprocess

import pytest

from loadstone.apps.reports import write_report
from loadstone.apps.reports.sections import SECTIONS
from tests.apps.example_decision import decided

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for found in map(shutil.which, NAMES) if found), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium here: install it to see the report drawn"
)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
    "--enable-logging=stderr", "--virtual-time-budget=30000", "--window-size=1200,2000",
)  # fmt: skip


def browse(folder, *options: str) -> subprocess.CompletedProcess[str]:
    """Open the report of a folder in a browser of its own."""
    command = [BROWSER, *QUIET, f"--user-data-dir={folder / 'profile'}", *options]
    page = (folder / "report.html").as_uri()
    return subprocess.run(
        [*command, page], capture_output=True, text=True, timeout=180, check=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    plan, dispatch, network, decision = decided()
    paths = write_report(
        plan, dispatch, network, folder, verification="level 0 holds", decision=decision
    )
    assert [path.name for path in paths] == ["report.html", "plan.xlsx"]
    return folder


@pytest.fixture(scope="module")
def opened(folder):
    return browse(folder, "--dump-dom")


def test_the_console_stays_empty(opened):
    said = [line for line in opened.stderr.splitlines() if "CONSOLE" in line]
    assert said == []


def test_all_charts_are_drawn(opened):
    assert 'data-drawn="true"' in opened.stdout
    assert opened.stdout.count('class="main-svg"') >= 6


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_is_rendered(opened, name):
    section = opened.stdout.partition(f'<section id="{name}">')[2].partition("</section>")[0]
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", section, flags=re.DOTALL)
    assert len(text.split()) > 8


def test_the_largest_site_is_chosen_at_first(opened):
    assert "Tucuruí &lt;north&gt;, 2030: hours from the dearest" in opened.stdout


def test_it_prints_on_a_few_pages(folder):
    browse(folder, "--no-pdf-header-footer", f"--print-to-pdf={folder / 'report.pdf'}")
    pdf = (folder / "report.pdf").read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 3 <= pages <= 9
