# SPDX-License-Identifier: Apache-2.0
"""Who gets the next MW: one merit order for plan, simulation and site."""
