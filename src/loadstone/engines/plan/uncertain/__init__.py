# SPDX-License-Identifier: Apache-2.0
"""Planning over futures: one plan whose later builds may follow what is learnt.

1. `tree.grow(seen, probability, most=, first=, least=) -> Tree`: which futures are told apart
   when; `Tree.conditions(phase, node)` says it as questions, `Tree.find(seen)` sends other
   futures through them.
2. `stack.stack(problems, probability, nodes, tail=, weight=) -> Stacked`: one `Problem` from
   one lowered problem for each future. Any reader of problems takes it: `exact.Search`, `lp`,
   `verify`, `alternatives`, `held`. `Stacked.of_future(columns, f)` is the plan as one future
   sees it, `Stacked.mean(columns)` the average plan, `Stacked.values(columns, values)` the
   worth in each future.
3. `outcome.outcome(stacked, solution) -> Outcome`; `outcome.frontier(stacked, search,
   weights)`; `outcome.without(stacked, search, name, columns)` (wait:
   `outcome.first_builds(stacked)`; AI only: the columns of miners); `outcome.holding(stacked,
   search, name, columns, amounts)`; `outcome.regret(outcomes)`.
4. `information.foresight(problems, stacked, search) -> Foresight`, for the value of perfect
   information; `information.decided_now(problems, stacked, search) -> Outcome`, for the value
   of waiting; `information.planned_for_the_mean(problems, stacked, search) -> Outcome`, for the
   value of the stochastic solution; `information.fresh_values(problems, plans, kinds)`, out of
   sample.

The worst futures are weighed by one CVaR of the value of the whole plan, as seen today. Over
several phases that is not consistent in time: in a later phase, with the part of the tree that
is then left, the same rule may choose other builds than the plan had foreseen. The builds of
the first phase are what is decided; later ones are decided again.
"""
