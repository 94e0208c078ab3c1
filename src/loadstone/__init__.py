# SPDX-License-Identifier: Apache-2.0
"""Plan a network of data centres shared by Bitcoin mining and AI compute."""

__version__ = "0.1.0.dev0"

__all__ = ["__version__"]
