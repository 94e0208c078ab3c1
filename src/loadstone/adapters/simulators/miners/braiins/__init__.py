# SPDX-License-Identifier: Apache-2.0
"""Braiins OS: the command port, and the public REST interface."""
