# SPDX-License-Identifier: Apache-2.0
"""The words of the report in plain English."""

GLOSSARY = (
    ("MW, MWh", "Power, and the energy of one MW drawn for an hour. A year has 8,760 hours."),
    (
        "Value",
        "Revenue less all costs and the yearly charge for capital, over all years, in money of "
        "the first: a positive value earns more than the discount rate.",
    ),
    (
        "Bound and gap",
        "The bound is a proven ceiling: no plan is worth more. The gap is how far this plan "
        "stays below it.",
    ),
    ("Phase", "A year in which things can be built. It stands for the years to the next one."),
    (
        "Capex, capital",
        "What something costs to build; and that cost spread evenly, with interest, over the "
        "years it lasts.",
    ),
    (
        "Merit order",
        "Machines in the order of what a MWh earns in them. When power is dear, the last in "
        "the order stop first.",
    ),
    (
        "One more is worth",
        "How much the whole plan would gain if one limit were one unit wider (a shadow price).",
    ),
    (
        "Levy, tax",
        "A levy is on energy, by its use. A tax is on income, on added value or on imports.",
    ),
    (
        "Lease, cloud, hosting",
        "Three ways to sell halls: reserved by the month to a tenant whose jobs are its own; "
        "own AI servers by the hour; miners of others by the MWh.",
    ),
    (
        "Energised, firm",
        "What may be drawn today; and the part of it that stays when a transformer fails or "
        "the grid cuts power that it never promised.",
    ),
    (
        "Stress, regret",
        "A named future that goes wrong; and what a plan is worth less in it than the best of "
        "the plans beside it, its builds held.",
    ),
    (
        "Take-or-pay",
        "A power contract in which a least amount of energy is paid for, used or not.",
    ),
    (
        "Observed, filled, synthetic, user",
        "Where a value comes from: measured or published; closed a gap; made from statistics; "
        "stated by whoever made the network.",
    ),
)
