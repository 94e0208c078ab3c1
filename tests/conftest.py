# SPDX-License-Identifier: Apache-2.0
"""What every test shares: repeatable properties and golden text."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from tests.golden_text import compare

# no deadline, because kernels compile on first use
settings.register_profile(
    "gate",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("random", settings.get_profile("gate"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden anew; read the diff"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return `golden(name, text)`: the text must equal tests/golden/`name`."""
    update = bool(request.config.getoption("--update-golden"))
    return lambda name, text: compare(name, text, update=update)


@pytest.fixture
def anyio_backend() -> str:
    """Device traffic runs on asyncio and nothing else."""
    return "asyncio"
