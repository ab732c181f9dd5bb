"""What negotiation is for, along whole paths: paired means with a stated sign, beyond three standard errors."""

from __future__ import annotations

import numpy as np
import pytest

from tests.alive.test_mechanisms import assert_moves
from tests.model.ensembles import Variants, run_variants

pytestmark = pytest.mark.slow

WORLDS = 60
CHANGES = (
    {},
    {"microsoft.caution": 3.0},
    {"microsoft.caution": 0.0},
    {"softbank.ltv_limit": 0.15},
    {"oracle.build_quarters": 10.0},
    {"oracle.build_quarters": 5.0},
    {"openai.chip_development_usd_bn": 100.0},
)
PLAIN, CAUTIOUS, BOLD, LOW_LIMIT, SLOW_ORACLE, FAST_ORACLE, DEAR_CHIP = range(len(CHANGES))


@pytest.fixture(scope="module")
def variants() -> Variants:
    return run_variants("as-of-2024q3", CHANGES, WORLDS)


@pytest.mark.parametrize(
    ("before", "after", "metric", "member", "when", "sign", "least"),
    [
        pytest.param(CAUTIOUS, BOLD, "stargate_share", None, "end", -1, 0.05, id="less caution, less Stargate"),
        pytest.param(PLAIN, LOW_LIMIT, "softbank_paid_usd_bn", None, "mean", -1, 0.2, id="lower limit, less promised"),
        pytest.param(
            SLOW_ORACLE, FAST_ORACLE, "openai_share", "oracle", "mean", +1, 0.2, id="faster Oracle, more of it"
        ),
        pytest.param(PLAIN, DEAR_CHIP, "generation_h100e_m", "own_chip", "end", -1, 0.5, id="dear chip, fewer of them"),
    ],
)
def test_a_path_moves_as_stated(
    variants: Variants, before: int, after: int, metric: str, member: str | None, when: str, sign: int, least: float
) -> None:
    figure = variants.read(metric, member, when)
    assert_moves(figure[before], figure[after], sign, least)


def test_no_chip_programme_no_own_chips(variants: Variants) -> None:
    started = variants.values["own_chip_started"][0] > 0.0
    owned = variants.read("generation_h100e_m", "own_chip", "end")
    never = ~started.any(axis=0)
    assert never.any()
    np.testing.assert_array_equal(owned[never], 0.0)
    assert (owned > 0.0).any()
