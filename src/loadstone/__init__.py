# SPDX-License-Identifier: Apache-2.0
"""Plan a network of data centres shared by Bitcoin mining and AI compute.

    import loadstone

    loadstone.new("my-network")             # copy a starter network
    run = loadstone.plan("my-network")      # find its best plan, with a proof
    run.builds()                            # what to build where and when, as a frame
    run.map()                               # a figure
    run.value(futures=100_000)              # what it is worth, and in how many futures it fails

Names are loaded when they are first used, so that one part costs no time for the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loadstone.apps.library import Run, export, open_run, plan, report, value, verify
    from loadstone.apps.reading import Checked, check, new, read
    from loadstone.apps.valued import Valued
    from loadstone.engines.plan.verify import Verification
    from loadstone.model.errors import (
        InfeasibleError,
        InputError,
        InputErrors,
        LoadstoneError,
        OutsideError,
    )
    from loadstone.model.network import Network
    from loadstone.model.plan import Plan

__version__ = "0.1.0.dev0"

__all__ = [
    "Checked",
    "InfeasibleError",
    "InputError",
    "InputErrors",
    "LoadstoneError",
    "Network",
    "OutsideError",
    "Plan",
    "Run",
    "Valued",
    "Verification",
    "__version__",
    "check",
    "export",
    "new",
    "open_run",
    "plan",
    "read",
    "report",
    "value",
    "verify",
]

_HOMES = dict.fromkeys(("Checked", "check", "new", "read"), "loadstone.apps.reading") | {
    "Network": "loadstone.model.network",
    "Plan": "loadstone.model.plan",
    "Valued": "loadstone.apps.valued",
    "Verification": "loadstone.engines.plan.verify",
}
_HOMES |= {
    name: "loadstone.model.errors" for name in __all__ if name.endswith(("Error", "Errors"))
}


def __getattr__(name: str) -> Any:
    """Return a public name from where it lives."""
    if name not in __all__:
        raise AttributeError(f"module 'loadstone' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "loadstone.apps.library")), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
