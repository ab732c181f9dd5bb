"""Student's t distribution, quickly, where a world keeps its degrees of freedom for a whole run.

With z the standard normal number of the same probability, dof log(1 + t^2 / dof) is z^2 times a factor that hardly
bends: one for many degrees of freedom, and smooth in z^2 and dof. So it is a polynomial whose coefficients follow from
a world's dof, once; a draw is then the normal number and a few additions, where inverting the incomplete beta function
takes twenty times as long.

Source: Wallace, Bounds on normal approximations to Student's and the chi-square distributions (1959), for the
transformation; Chebyshev interpolation of the inverse by SciPy. Oracle: `world.draws.student_t`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial.chebyshev import cheb2poly, chebinterpolate, chebval
from scipy.special import ndtr, ndtri, stdtrit

from world.arrays import Limits, PerRow, PerWorld, require

LEAST_DOF, MOST_DOF = 2.2, 100.0
_MOST_Z = 8.3  # beyond the normal number of every probability that is drawn
_TURN = 20.0  # the square of z that lies in the middle of the polynomial's variable
_DEGREE, _DEGREE_OF_DOF = 19, 27  # as far as the coefficients matter: 1e-10 of a draw


def tail_polynomial(dof: PerWorld) -> PerRow:
    """The coefficients by which `student_t_of` bends a normal number, (powers, worlds), lowest first; dof (worlds,).

    Raises: ValueError naming the world whose degrees of freedom are not 2.2 to 100.
    """
    require(dof, Limits(LEAST_DOF, MOST_DOF), "dof", f"{LEAST_DOF:g} to {MOST_DOF:g}")
    place = 2.0 * np.log(dof / LEAST_DOF) / np.log(MOST_DOF / LEAST_DOF) - 1.0
    return np.ascontiguousarray(chebval(place, _table()))


def student_t_of(u: PerWorld, dof: PerWorld, polynomial: PerRow) -> PerWorld:
    """Student's t distribution at probability u (worlds,) strictly inside (0, 1); `polynomial` is that of dof.

    Laws (tests/invariants/test_student.py): within 1e-9 of the inverse by SciPy; odd about one half.
    """
    z = ndtri(u)
    square = z * z
    x = square + _TURN
    np.divide(-2.0 * _TURN * _SCALE, x, out=x)
    x += _SHIFT
    factor = polynomial[-1].copy()
    for coefficient in polynomial[-2::-1]:
        factor *= x
        factor += coefficient
    factor *= square
    factor /= dof
    np.expm1(factor, out=factor)
    factor *= dof
    np.sqrt(factor, out=factor)
    return np.copysign(factor, z, out=factor)


# The polynomial's variable runs from -1 at z = 0 to 1 at the largest z: one minus 2 turn / (z^2 + turn), stretched.
_SCALE = 1.0 + _TURN / (_MOST_Z * _MOST_Z)
_SHIFT = 2.0 * _SCALE - 1.0


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Coefficients of the factor: Chebyshev's in the logarithm of dof (rows), powers of x in the columns."""

    def factor(x: np.ndarray, place: np.ndarray) -> Any:
        square = 2.0 * _TURN * _SCALE / (_SHIFT - x) - _TURN
        dof = LEAST_DOF * np.exp(0.5 * (place + 1.0) * np.log(MOST_DOF / LEAST_DOF))
        t = stdtrit(dof, ndtr(-np.sqrt(square)))
        return dof * np.log1p(t * t / dof) / square

    interpolate: Any = chebinterpolate  # which takes functions with several values for a place, if it is not asked

    def along_dof(x: np.ndarray) -> Any:
        return interpolate(lambda place: factor(x, place[:, np.newaxis]), _DEGREE_OF_DOF).T

    return np.array([cheb2poly(row) for row in interpolate(along_dof, _DEGREE).T])
