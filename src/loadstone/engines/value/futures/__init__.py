# SPDX-License-Identifier: Apache-2.0
"""A fixed plan over many futures: what it is worth in each, what explains it, how exact it is.

`book` says a plan's cash in the terms that futures move; `curves` holds what mining earns when
owners idle what does not pay; `plain` is the definition of the value, in numpy, and `kernels`
the same for many futures; `many` runs chunks of futures through it; the rest reads results.
"""
