"""Laws of the parameters: one row each, always inside their limits, one number the same as that number per world."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from world.draws import Draws, triangular
from world.parameters import (
    PARAMETERS_FILE,
    Parameters,
    Specification,
    parameters_table,
    resolve,
    specifications,
)

HEADER = "name,unit,minimum,low,central,high,maximum,distribution,source,description"
ROWS = [
    "market.band,share,0.01,0.05,0.1,0.2,1,uniform,a guess,Width of the supply band",
    "market.price_cap_usd_h,USD per H100e-hour,1,50,100,200,1000,log_uniform,a guess,Highest price",
    'market.theta,none,0,0.45,0.55,1,2,triangular,"the record, own fit",Usefulness exponent',
    "microsoft.caution,none,0,0.2,0.5,0.8,1,log_triangular,a guess,How careful",
    "softbank.ltv_limit,share,0,0.2,0.25,0.3,0.9,fixed,policy of the firm,Loan to value limit",
]
TABLE = {
    cells[0]: Specification(cells[0], cells[1], *map(float, cells[2:7]), *cells[7:])
    for cells in ([cell.strip() for cell in row.replace('"the record, own fit"', "own fit").split(",")] for row in ROWS)
}
WORLDS = 7


def write(folder, *rows, header=HEADER):
    file = folder / "parameters.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def same_bits(first, second):
    return first.keys() == second.keys() and all(
        np.array_equal(first[name].view(np.int64), second[name].view(np.int64)) for name in first
    )


# The real table


def test_every_row_of_the_real_table_is_whole_and_in_order():
    table = specifications()
    for name, row in table.items():
        assert row.name == name
        assert row.minimum <= row.low <= row.central <= row.high <= row.maximum, name
        assert all((row.unit, row.source, row.description)), name
    drawn = resolve(Draws(1, WORLDS))
    assert set(drawn) == set(table)
    for name, row in table.items():
        assert drawn[name].shape == (WORLDS,), name
        assert np.all((drawn[name] >= row.low) & (drawn[name] <= row.high)), name
    assert [row["name"] for row in parameters_table()] == list(table)


def test_the_real_table_is_beside_its_loader():
    assert PARAMETERS_FILE.parts[-3:] == ("world", "data", "parameters.csv")


# Loading


def test_rows_are_read_with_their_types_in_the_order_of_the_file(tmp_path):
    table = specifications(write(tmp_path, *ROWS))
    assert list(table) == [row.split(",")[0] for row in ROWS]
    assert table["market.theta"].source == "the record, own fit"
    assert table["market.band"] == TABLE["market.band"]
    assert table["market.band"].owner == "market"
    assert table["market.band"].stream == "parameter:market.band"


def test_an_edited_file_is_read_again_and_a_handed_out_table_is_a_copy(tmp_path):
    file = write(tmp_path, *ROWS)
    specifications(file).clear()
    assert len(specifications(file)) == len(ROWS)
    write(tmp_path, ROWS[0])
    assert len(specifications(file)) == 1


GOOD = "market.band,share,0.01,0.05,0.1,0.2,1,uniform,a guess,Width of the supply band"


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ("market.b,share,0,0.05,0.01,0.2,1,uniform,a guess,Width", "central", r"0\.01 is below low 0\.05"),
        ("market.b,share,0.1,0.05,0.1,0.2,1,uniform,a guess,Width", "low", r"0\.05 is below minimum 0\.1"),
        ("market.b,share,0,0.05,0.1,2,1,uniform,a guess,Width", "maximum", "1 is below high 2"),
        ("market.b,share,0,0.05,0.3,0.2,1,uniform,a guess,Width", "high", r"0\.2 is below central 0\.3"),
        ("market.b,share,0,x,0.1,0.2,1,uniform,a guess,Width", "low", "'x' is not a number"),
        ("market.b,share,0,,0.1,0.2,1,uniform,a guess,Width", "low", "'' is not a number"),
        ("market.b,share,0,nan,0.1,0.2,1,uniform,a guess,Width", "low", "nan is not a finite number"),
        ("market.b,share,0,0.05,0.1,0.2,inf,uniform,a guess,Width", "maximum", "inf is not a finite number"),
        ("market.b,share,0,0.05,0.1,0.2,1,normal,a guess,Width", "distribution", "'normal' is unknown; allowed: fixed"),
        ("market.b,share,0,0,0.1,0.2,1,log_uniform,a guess,Width", "low", "0 has no logarithm"),
        ("market.b,share,0,0.05,0.1,0.2,1,uniform, ,Width", "source", "is empty"),
        ("market.b,,0,0.05,0.1,0.2,1,uniform,a guess,Width", "unit", "is empty"),
        ("market.b,share,0,0.05,0.1,0.2,1,uniform,a guess,", "description", "is empty"),
        ("market.b,share,0,0.05,0.1,0.2,1,uniform,a guess", "description", "is missing"),
        ("market.b,share,0,0.05,0.1,0.2,1,uniform,a guess,Width, and more", "description", "text that holds a comma"),
        ("band,share,0,0.05,0.1,0.2,1,uniform,a guess,Width", "name", "'band' is not owner.name"),
        ("Market.Band,share,0,0.05,0.1,0.2,1,uniform,a guess,Width", "name", "is not owner.name"),
        (GOOD, "name", "'market.band' stands already in line 2"),
    ],
)
def test_a_bad_cell_names_file_line_and_column(tmp_path, row, column, problem):
    file = write(tmp_path, GOOD, "", row)
    with pytest.raises(ValueError, match=rf"parameters\.csv, line 4, column {column}: .*{problem}"):
        specifications(file)


def test_wrong_columns_name_file_and_columns(tmp_path):
    with pytest.raises(ValueError, match=r"parameters\.csv, line 1: wanted the columns name,unit"):
        specifications(write(tmp_path, header=HEADER.replace("source,", "")))
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(ValueError, match=r"line 1: wanted the columns .*got None"):
        specifications(empty)


# Resolving


@given(st.integers(0, 2**32))
def test_what_is_drawn_lies_in_the_plausible_range_and_comes_from_its_own_stream(seed):
    draws = Draws(seed, WORLDS)
    drawn = resolve(draws, table=TABLE)
    for name, row in TABLE.items():
        assert drawn[name].shape == (WORLDS,)
        assert np.all((drawn[name] >= row.low) & (drawn[name] <= row.high))
    assert np.all(drawn["softbank.ltv_limit"] == 0.25)
    expected = triangular(draws.uniform("parameter:market.theta", 0), 0.45, 0.55, 1.0)
    assert np.array_equal(drawn["market.theta"], expected)


@given(st.floats(0.01, 1.0), st.integers(0, 2**32))
def test_one_number_equals_the_number_per_world_bit_for_bit(value, seed):
    draws = Draws(seed, WORLDS)
    one = resolve(draws, {"market.band": value}, table=TABLE)
    each = resolve(draws, {"market.band": np.full(WORLDS, value)}, table=TABLE)
    assert same_bits(one, each)
    assert all(array.flags["C_CONTIGUOUS"] and array.strides == (8,) for array in one.values())


@given(st.integers(0, 2**32), st.permutations(range(WORLDS)))
def test_a_slice_or_a_permutation_of_worlds_keeps_each_worlds_values(seed, order):
    whole = resolve(Draws(seed, WORLDS), table=TABLE)
    some = resolve(Draws(seed, np.array(order[:3])), table=TABLE)
    for name in TABLE:
        assert np.array_equal(np.take(whole[name], order[:3]), some[name])


@given(st.sampled_from(sorted(TABLE)))
def test_an_override_or_a_missing_row_changes_no_other_parameter(name):
    draws = Draws(5, WORLDS)
    plain = dict(resolve(draws, table=TABLE))
    moved = dict(resolve(draws, {name: TABLE[name].high}, table=TABLE))
    assert np.all(moved.pop(name) == TABLE[name].high)
    without = resolve(draws, table={key: row for key, row in TABLE.items() if key != name})
    plain.pop(name)
    assert same_bits(plain, moved)
    assert same_bits(plain, dict(without))


def test_central_gives_central_values_where_nothing_is_given():
    values = resolve(Draws(1, WORLDS), {"market.band": 0.9}, central=True, table=TABLE)
    assert np.all(values["market.band"] == 0.9)
    assert all(np.all(values[name] == row.central) for name, row in TABLE.items() if name != "market.band")


def test_a_replaced_uniform_is_a_quantile_of_its_parameter():
    design = np.array([0.0001, 0.25, 0.5, 0.75, 0.9999])
    draws = Draws(1, 5, replace={"parameter:market.band": design})
    assert resolve(draws, table=TABLE)["market.band"] == pytest.approx(0.05 + 0.15 * design, rel=1e-14)
    plain = resolve(Draws(1, 5), table=TABLE)
    assert np.array_equal(resolve(draws, table=TABLE)["market.theta"], plain["market.theta"])
    with pytest.raises(ValueError, match=r"'market\.bant' is not a known parameter; did you mean 'market\.band'"):
        resolve(Draws(1, 5, replace={"parameter:market.bant": design}), table=TABLE)


def test_a_distribution_replaces_the_entries_of_the_row():
    draws = Draws(2, 1009)
    narrow = resolve(draws, {"market.band": {"low": 0.09, "high": 0.12}}, table=TABLE)["market.band"]
    assert 0.09 <= narrow.min() < 0.091 < 0.119 < narrow.max() <= 0.12
    entries = {"distribution": "triangular", "low": 0.3, "central": 0.4, "high": 0.5}
    moved = resolve(draws, {"market.band": entries}, table=TABLE)["market.band"]
    assert np.array_equal(moved, triangular(draws.uniform("parameter:market.band"), 0.3, 0.4, 0.5))
    fixed = {"market.band": {"distribution": "fixed", "central": 0.7}}
    assert np.all(resolve(draws, fixed, table=TABLE)["market.band"] == 0.7)
    assert np.all(resolve(draws, {"market.band": entries}, central=True, table=TABLE)["market.band"] == 0.4)
    freed = resolve(draws, {"softbank.ltv_limit": {"distribution": "uniform"}}, table=TABLE)["softbank.ltv_limit"]
    assert 0.2 <= freed.min() < freed.max() <= 0.3


def test_integers_lists_and_limits_themselves_are_values():
    values = resolve(Draws(1, 3), {"market.band": 1, "microsoft.caution": [0, 1, 0.5]}, table=TABLE)
    assert values["market.band"].tolist() == [1.0, 1.0, 1.0]
    assert values["microsoft.caution"].tolist() == [0.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            {"microsoft.cautoin": 0.5},
            r"'microsoft\.cautoin' is not a known parameter; did you mean 'microsoft\.caution'",
        ),
        ({"zzz": 1.0}, "'zzz' is not a known parameter; there are 5 of them, none like it"),
        ({"market.band": 1.7}, r"^market\.band: 1\.7 is out of range; allowed: 0\.01 to 1 \(share\)"),
        ({"market.band": [0.1, 0.2, -3.0]}, r"^market\.band: world 2 is -3 is out of range; allowed: 0\.01 to 1"),
        ({"market.band": [0.1, 0.2]}, r"^market\.band: expected one number or 3 numbers .*got shape \(2,\)"),
        ({"market.band": np.ones((3, 1))}, r"^market\.band: expected .*got shape \(3, 1\)"),
        ({"market.band": float("nan")}, r"^market\.band: .*nan.*finite number"),
        ({"market.band": [0.1, float("nan"), 0.1]}, r"^market\.band: world 1 is nan"),
        ({"market.band": float("inf")}, r"^market\.band: .*inf.*finite number"),
        ({"market.band": "wide"}, r"^market\.band: 'wide' is not a number; allowed: 0\.01 to 1 \(share\)"),
        ({"market.band": True}, r"^market\.band: True is not a number"),
        ({"market.band": [[0.1], [0.1, 0.2]]}, r"^market\.band: .* is not a number"),
        ({"market.band": {"lo": 0.1}}, r"^market\.band: 'lo' is not a known entry; did you mean 'low'.*Allowed: dist"),
        ({"market.band": {"low": 0.15}}, r"^market\.band: column central: 0\.1 is below low 0\.15"),
        ({"market.band": {"high": 1.5}}, r"^market\.band: 1\.5 is out of range; allowed: 0\.01 to 1"),
        ({"market.band": {"distribution": "normal"}}, r"^market\.band: .*'normal' is unknown; allowed: fixed, uniform"),
        ({"microsoft.caution": {"low": 0.0}}, r"^microsoft\.caution: .*0 has no logarithm"),
    ],
)
def test_a_users_mistake_names_the_parameter_what_is_allowed_and_what_was_given(override, message):
    with pytest.raises(ValueError, match=message):
        resolve(Draws(1, 3), override, table=TABLE)


# What is handed out


def test_owners_read_their_own_parameters_as_attributes():
    parameters = resolve(Draws(1, WORLDS), table=TABLE)
    market = parameters.of("market")
    assert market.band is parameters["market.band"]
    assert dir(market) == ["band", "price_cap_usd_h", "theta"]
    with pytest.raises(AttributeError, match="'bend' is not a known parameter of market; did you mean 'band'"):
        _ = market.bend
    with pytest.raises(ValueError, match="'markets' is not a known owner of parameters; did you mean 'market'"):
        parameters.of("markets")
    with pytest.raises(KeyError, match=r"did you mean 'market\.band'"):
        _ = parameters["market.bend"]
    assert "market.bend" not in parameters


def test_values_are_read_only_and_a_users_array_stays_the_users():
    given_by_user = np.full(WORLDS, 0.5)
    parameters = resolve(Draws(1, WORLDS), {"market.band": given_by_user}, table=TABLE)
    given_by_user[:] = 0.6
    assert np.all(parameters["market.band"] == 0.5)
    with pytest.raises(ValueError, match="read-only"):
        parameters.of("market").band[0] = 1.0
    with pytest.raises(AttributeError, match=r"market\.band: parameters are read-only"):
        parameters.of("market").band = given_by_user
    with pytest.raises(AttributeError, match=r"market\.band: parameters are read-only"):
        del parameters.of("market").band


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_parameters_may_be_copied_and_sent_to_another_process(clone):
    parameters = resolve(Draws(1, WORLDS), table=TABLE)
    twin = clone(parameters)
    assert isinstance(twin, Parameters)
    assert same_bits(dict(parameters), dict(twin))
    assert np.array_equal(twin.of("market").band, parameters["market.band"])


def test_the_table_for_people_has_the_columns_of_the_file():
    rows = parameters_table(TABLE)
    assert [row["name"] for row in rows] == list(TABLE)
    assert ",".join(rows[0]) == HEADER
    assert rows[0]["maximum"] == 1.0


def test_resolving_costs_one_draw_for_each_parameter_that_is_drawn():
    asked = []

    class Counting(Draws):
        def uniform(self, stream, quarter=0):
            asked.append((stream, quarter))
            return super().uniform(stream, quarter)

    many = {f"firm.number_{i}": replace(TABLE["market.theta"], name=f"firm.number_{i}") for i in range(150)}
    resolve(Counting(1, WORLDS), {"firm.number_3": 0.5}, table=many)
    assert asked == [(f"parameter:{name}", 0) for name in many if name != "firm.number_3"]
