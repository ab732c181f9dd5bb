"""Debt by maturity: what falls due when, at which coupon, for several borrowers in every world at once.

A loan is laddered: its parts fall due evenly from now to twice its average tenor, as the bonds and bank loans of one
borrower do. Maturities are pooled in the buckets of an annual report's table, and coupons are fixed when a loan is
made: rates that rise are paid as old debt is refinanced.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from world.arrays import PerRow, PerWorld, below_zero, fold, locked, part_of, some

BUCKET_YEARS = np.array([1.0, 2.0, 2.0, 5.0, 10.0])
"""Widths: within one year, one to three, three to five, five to ten, and beyond (ten years on average)."""
_FROM_YEARS = np.concatenate(([0.0], np.cumsum(BUCKET_YEARS[:-1])))[:, None, None]
_WIDTH = BUCKET_YEARS[:, None, None]
_MOVING = 0.25 / _WIDTH
"""Share of each bucket that comes nearer in a quarter; of the nearest, that falls due."""


def ladder(tenor_years: PerRow) -> np.ndarray:
    """Shares of a loan in the maturity buckets if it falls due evenly from now to twice its average tenor.

    Args: tenor_years (borrowers, worlds) > 0.
    Returns: (buckets, borrowers, worlds), adding up to one.
    """
    last = 2.0 * tenor_years
    shares = np.minimum(np.maximum(last - _FROM_YEARS, 0.0), _WIDTH) / last
    shares[-1] = 1.0 - fold(shares[:-1])
    return shares


class DebtBook:
    """Debt of several borrowers, $bn.

    State:
        outstanding   (buckets, borrowers, worlds)   $bn by time to maturity, nearest first
        coupon        (borrowers, worlds)            average rate per year on all of it
    Laws (tests/invariants/test_debt.py): nothing negative; outstanding is what was borrowed less what was taken off;
        all of it falls due in time; the coupon lies between those of the loans it is made of; a longer tenor never
        raises what falls due this quarter.
    """

    def __init__(self, borrowers: int, worlds: int) -> None:
        self.outstanding = np.zeros((len(BUCKET_YEARS), borrowers, worlds))
        self.coupon = np.zeros((borrowers, worlds))
        self._total: PerRow | None = None

    @property
    def total_usd_bn(self) -> PerRow:
        """All that is owed, (borrowers, worlds) $bn; read only."""
        if self._total is None:  # kept until something is borrowed, taken off or comes nearer
            self._total = locked(fold(self.outstanding))
        return self._total

    @property
    def due_within_year_usd_bn(self) -> PerRow:
        """Principal that falls due within a year, (borrowers, worlds) $bn."""
        return self.outstanding[0]

    @property
    def principal_due_usd_bn(self) -> PerRow:
        """Principal that falls due this quarter, (borrowers, worlds) $bn."""
        return self.outstanding[0] * _MOVING[0]

    @property
    def interest_due_usd_bn(self) -> PerRow:
        """Interest of this quarter, (borrowers, worlds) $bn."""
        return self.total_usd_bn * self.coupon * 0.25

    def borrow(self, amount_usd_bn: PerRow, rate: PerRow, shares: np.ndarray) -> None:
        """Add loans, (borrowers, worlds) $bn >= 0, at a rate per year, in the shares of their `ladder`."""
        before = self.total_usd_bn
        self.coupon = part_of(self.coupon * before + rate * amount_usd_bn, before + amount_usd_bn)
        self.outstanding += shares * amount_usd_bn
        self._total = None

    def take_off(self, amount_usd_bn: PerRow) -> None:
        """Take off what was repaid or forgiven, (borrowers, worlds) $bn: what falls due first goes first."""
        part = np.minimum(self.outstanding[0], amount_usd_bn)
        self.outstanding[0] -= part
        self._total = None
        for buckets, left in zip(self.outstanding[1:].swapaxes(0, 1), amount_usd_bn - part, strict=True):
            if some(left):  # mostly what is repaid is what falls due
                for bucket in buckets:
                    part = np.minimum(bucket, left)
                    np.subtract(bucket, part, out=bucket)
                    np.subtract(left, part, out=left)

    def age(self) -> None:
        """A quarter passes: debt moves to nearer buckets."""
        moves = self.outstanding[1:] * _MOVING[1:]
        self.outstanding[1:] -= moves
        self.outstanding[:-1] += moves
        self._total = None

    def distance(self, debt_usd_bn: PerRow) -> PerWorld:
        """How far the buckets are from the debt on the books, relative, (worlds,): the law that joins the two."""
        # The buckets themselves are added up, whatever was kept.
        off = np.abs(fold(self.outstanding) - debt_usd_bn) / np.maximum(debt_usd_bn, 1.0)
        return np.maximum(off.max(axis=0), below_zero(self.outstanding))

    def state(self) -> dict[str, np.ndarray]:
        """All that a saved run needs, as copies."""
        return {"outstanding": self.outstanding.copy(), "coupon": self.coupon.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to a saved state. Raises: ValueError if a shape is another."""
        for name in ("outstanding", "coupon"):
            if state[name].shape != getattr(self, name).shape:
                raise ValueError(f"{name}: expected shape {getattr(self, name).shape}, got {state[name].shape}")
            setattr(self, name, state[name].copy())
        self._total = None
