# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner firmware, with API 2 and with API 3."""
