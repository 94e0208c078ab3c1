# SPDX-License-Identifier: Apache-2.0
"""Planning over futures: one plan whose later builds may follow what is learnt."""
