"""What an hour of compute costs, and the prices that people quote: annuities, reserve prices, indices and lists.

Money per hour is $/H100e-hour throughout. Rates are per year and continuous unless a name says "per_quarter".
Everything is a formula per world: arrays in, new arrays out, nothing is changed.
"""

from __future__ import annotations

import numpy as np

from world.arrays import (
    PerGeneration,
    PerWorld,
    above_zero_to_one,
    lowest,
    not_negative,
    positive,
    power,
    require,
    zero_to_one,
)
from world.calendar import HOURS_PER_QUARTER

HOURS_PER_YEAR = 4.0 * HOURS_PER_QUARTER

_SERIES_BELOW = 1e-6
"""Below this exponent 1 - exp(-x) is taken from its series: exact there to one part in 1e13."""


def annuity_value(rate: np.ndarray | float, span: PerWorld | float) -> np.ndarray:
    """Present value of one unit of money per unit of time, paid evenly over `span`: (1 - exp(-rate span)) / rate.

    Args:   rate     (..., worlds) or number   per year (or per quarter); zero and below zero are allowed
            span     (worlds,) or number       years (or quarters), >= 0
    Returns:         (..., worlds)             years (or quarters); `span` itself at a rate of zero
    Laws (tests/invariants/test_costs.py): falls with the rate, rises with the span, continuous through rate zero.
    Source: continuous annuity; oracle: tests/oracles/test_annuities.py integrates it numerically.
    """
    rate, span = np.asarray(rate, dtype=np.float64), np.asarray(span, dtype=np.float64)
    exponent = np.asarray(rate * span)
    if exponent.size and lowest(exponent) >= _SERIES_BELOW:
        return np.asarray(-np.expm1(-exponent) / rate)
    near_zero = np.abs(exponent) < _SERIES_BELOW
    safe_rate = np.where(near_zero, 1.0, rate)
    closed_form = -np.expm1(-safe_rate * span) / safe_rate
    return np.where(near_zero, span * (1.0 - 0.5 * exponent), closed_form)


def annuity_factor(rate: np.ndarray | float, fall: PerWorld | float, years: PerWorld | float) -> np.ndarray:
    """Yearly payment in the first year for one unit of capital, if the payment falls by `fall` a year.

    Args:   rate     (..., worlds) or number   cost of capital per year
            fall     (worlds,) or number        expected fall of the payment per year (0.2: rents lose a fifth a year)
            years    (worlds,) or number        life, > 0
    Returns:         (..., worlds)              per year: (rate + fall) / (1 - exp(-(rate + fall) years))
    Laws: rises with rate and fall, falls with years, never below 1/years for rate + fall >= 0.
    Raises: ValueError if a life is not above zero.
    Source: user cost of capital with a falling rent (docs/sources.md).
    """
    require(years, positive, "years", "a life above zero")
    return np.asarray(1.0 / annuity_value(np.asarray(rate) + np.asarray(fall), years))


def level_price_usd_h(
    capital_usd_bn: PerWorld, rate: PerWorld, years: PerWorld | float, running_usd_h: PerWorld
) -> PerWorld:
    """Level price per hour that pays capital back over a lease and covers the running cost.

    Args:   capital_usd_bn   (worlds,)             $bn per M units, that is thousand USD per unit, >= 0
            rate             (worlds,)             cost of capital per year
            years            (worlds,) or number   term of the lease, > 0
            running_usd_h    (worlds,)             $ per unit and hour
    Returns:                 (worlds,)             $ per unit and hour
    Laws: rises with capital, rate and running cost, falls with the term.
    Raises: ValueError if a term is not above zero.
    Source: annuity over the lease (docs/sources.md).
    """
    require(years, positive, "years", "a term above zero")
    return price_over_lease(capital_usd_bn, annuity_value(rate, years), running_usd_h)


def price_over_lease(capital_usd_bn: PerWorld, annuity_years: PerWorld, running_usd_h: PerWorld) -> PerWorld:
    """As `level_price_usd_h`, of the annuity over the lease."""
    return capital_usd_bn / annuity_years * (1000.0 / HOURS_PER_YEAR) + running_usd_h


def running_usd_h(
    price_k_per_h100e: PerGeneration,
    kw_facility_per_h100e: PerGeneration,
    *,
    system_multiple: PerWorld | float,
    power_usd_mwh: PerWorld | float,
    power_draw: PerWorld | float,
    operations_share: PerWorld | float,
) -> PerGeneration:
    """What running one H100e for an hour costs in cash: the price below which its holder switches it off.

    Args:                       shape                    unit
        price_k_per_h100e       (generations, worlds)    thousand USD for chips of one H100e
        kw_facility_per_h100e   (generations, worlds)    kW of facility power, network and cooling included
        system_multiple         (worlds,)                chip with server and network over the chip alone, >= 1
        power_usd_mwh           (worlds,)                USD per MWh delivered
        power_draw              (worlds,)                average draw over the facility's nameplate, about 0.75
        operations_share        (worlds,)                staff, spares and repair per year over the system's price
    Returns:                    (generations, worlds)    USD per H100e-hour
    Laws: rises with the price of power and with operations; nothing sunk enters it beyond the scale of operations.
    Source: reported cash cost of 0.2 to 0.45 USD per GPU-hour (docs/sources.md).
    """
    electricity = kw_facility_per_h100e * (power_draw * np.asarray(power_usd_mwh) / 1000.0)
    operations = price_k_per_h100e * (1000.0 * np.asarray(system_multiple) * operations_share / HOURS_PER_YEAR)
    return electricity + operations


def capital_usd_h(
    price_k_per_h100e: PerGeneration,
    kw_it_per_h100e: PerGeneration,
    *,
    cost_of_capital: PerWorld | float,
    rent_fall: PerWorld | float,
    chip_life_years: PerWorld | float,
    system_multiple: PerWorld | float,
    shell_usd_m_per_it_mw: PerWorld | float,
    shell_life_years: PerWorld | float,
    utilisation: PerWorld | float,
) -> PerGeneration:
    """Capital over sold hours: with the running cost, the long-run cost at which a new H100e pays for itself.

    Args:                       shape                    unit
        price_k_per_h100e       (generations, worlds)    thousand USD for chips of one H100e
        kw_it_per_h100e         (generations, worlds)    kW of IT power
        cost_of_capital         (worlds,)                per year
        rent_fall               (worlds,)                expected fall of a given chip's rent per year, about 0.2
        chip_life_years         (worlds,)                years, about 5
        system_multiple         (worlds,)                chip with server and network over the chip alone
        shell_usd_m_per_it_mw   (worlds,)                building and power plant, million USD per MW of IT
        shell_life_years        (worlds,)                years, about 20; its rent is level
        utilisation             (worlds,)                sold hours over all hours, in (0, 1]
    Returns:                    (generations, worlds)    USD per H100e-hour
    Laws: rises with every price, with the cost of capital and with the fall of rents; falls with lives and with
        utilisation.
    Raises: ValueError if a life or utilisation is out of range.
    Source: docs/model.md; anchors in tests/oracles/test_annuities.py (owning cost of Hopper and Blackwell).
    """
    require(utilisation, above_zero_to_one, "utilisation", "a share in (0, 1]")
    chip_years = annuity_factor(cost_of_capital, rent_fall, chip_life_years)
    shell_years = annuity_factor(cost_of_capital, 0.0, shell_life_years)
    sold_hours = HOURS_PER_YEAR * np.asarray(utilisation)
    chips = price_k_per_h100e * (1000.0 * np.asarray(system_multiple) * chip_years / sold_hours)
    return chips + kw_it_per_h100e * (1000.0 * np.asarray(shell_usd_m_per_it_mw) * shell_years / sold_hours)


def usefulness(h100e_per_chip: PerGeneration, exponent: PerWorld | float) -> PerGeneration:
    """Worth of an H100e of one generation against an H100: theta = h^(x - 1).

    Args:   h100e_per_chip   (generations, worlds)   H100e per chip, > 0
            exponent         (worlds,)               x, hedonic exponent of rents per chip, 0.45 to 1
    Returns:                 (generations, worlds)   no unit; one at h = 1, whatever x
    Laws: x = 1 gives one everywhere; for x < 1 falls with h; rent per chip h theta = h^x rises with h.
    Raises: ValueError if a chip has no H100e.
    Source: rents of several generations at one date (docs/sources.md).
    """
    require(h100e_per_chip, positive, "h100e_per_chip", "above zero")
    return power(h100e_per_chip, np.asarray(exponent) - 1.0)


def term_price(
    spot: np.ndarray,
    expected_growth_per_quarter: np.ndarray | float,
    years: PerWorld | float,
    risk_premium: PerWorld | float,
    *,
    discount_rate_per_quarter: PerWorld | float = 0.0,
) -> np.ndarray:
    """The level price over a term that is worth as much as the spot expected over it, times a risk premium.

    Args:   spot                           (worlds,) or (generations, worlds)   USD per H100e-hour, >= 0
            expected_growth_per_quarter    (worlds,) or (generations, worlds)   log growth of spot; negative in shortage
            years                          (worlds,) or number                  term, > 0
            risk_premium                   (worlds,) or number                  factor, > 0
            discount_rate_per_quarter      (worlds,) or number                  per quarter
    Returns: as `spot`, USD per H100e-hour
    Laws: equals spot times premium at no growth; rises with growth and spot; a longer term is cheaper where spot is
        expected to fall and dearer where it is expected to rise.
    Raises: ValueError if a term is not above zero or a spot price below zero.
    Source: expectations theory of the term structure (docs/sources.md).
    """
    require(years, positive, "years", "a term above zero")
    require(spot, not_negative, "spot", "at least zero")
    quarters = 4.0 * np.asarray(years)
    growth, discount = np.asarray(expected_growth_per_quarter), np.asarray(discount_rate_per_quarter)
    level = annuity_value(discount - growth, quarters) / annuity_value(discount, quarters)
    return spot * level * risk_premium


def close_gap(index: np.ndarray, target: np.ndarray, speed: PerWorld | float) -> np.ndarray:
    """A posted index that closes the share `speed` of its gap to the target this quarter.

    Args:   index, target   (..., worlds)   one unit
            speed           (worlds,)       in [0, 1]
    Returns:                (..., worlds)   between index and target
    Raises: ValueError if a speed is outside [0, 1].
    Source: partial adjustment; the speed is a judgement (docs/sources.md).
    """
    require(speed, zero_to_one, "speed", "a share in [0, 1]")
    # Written as a weighted mean: it stays between both ends in floating point, and is exact at speed 0 and 1.
    return (1.0 - np.asarray(speed)) * index + speed * target


def step_list_price(list_price: np.ndarray, target: np.ndarray, threshold: PerWorld | float) -> np.ndarray:
    """A list price that stays until the target has moved away from it by more than the threshold, then jumps to it.

    Args:   list_price, target   (..., worlds)   one unit, list_price > 0
            threshold            (worlds,)       share of the list price, >= 0
    Returns:                     (..., worlds)   either the old list price or the target
    Laws: afterwards the gap is at most the threshold; a second call changes nothing.
    """
    gap = np.abs(target - list_price)
    return np.where(gap > threshold * list_price, target, list_price)
