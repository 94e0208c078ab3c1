# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner: two versions of its API, and what they have in common."""
