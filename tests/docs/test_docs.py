"""What the documentation says of the code holds: steps, parameters, files, links, sections, snippets."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from runs.parameter_page import parameter_page
from tests.house.tree import ROOT, sources
from world.parameters import specifications

DOCS = sorted((ROOT / "docs").glob("*.md"))
TEXTS = [*DOCS, ROOT / "CHANGELOG.md", ROOT / "README.md"]
CODE_SPAN = re.compile(r"`([^`\n]+)`")
SUFFIXES = (".py", ".md", ".csv", ".toml", "/")
MACHINE_PATH = re.compile(r"(?<![\w./])/(?:home|root|tmp|var|opt|mnt|work|Users)/|\b[A-Z]:\\|file://|~/")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """The text without fenced blocks."""
    return re.sub(r"^```.*?^```$", "", read(path), flags=re.DOTALL | re.MULTILINE)


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no heading {heading!r}"
    return found[1]


def headings(path: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)


def anchor(heading: str) -> str:
    """The anchor that a Markdown reader makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def called_in_step() -> list[str]:
    """What ComputeMarket.step calls, in order."""
    tree = ast.parse(read(ROOT / "runs" / "model.py"))
    steps = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "step"]
    assert len(steps) == 1
    calls = [statement.value for statement in steps[0].body if isinstance(statement, ast.Expr | ast.Assign)]
    names = []
    for call in calls:
        if isinstance(call, ast.Call):
            assert isinstance(call.func, ast.Name | ast.Attribute)
            names.append(call.func.id if isinstance(call.func, ast.Name) else call.func.attr)
    # What everybody sees is read there once and handed on; that is no step.
    return [name for name in names if name != "market_view"]


def test_process_overview_has_the_steps_of_the_quarter() -> None:
    overview = section(read(ROOT / "docs" / "model.md"), "1.3 Process overview and scheduling")
    listed = re.findall(r"^(\d+)\. `(\w+)`:", overview, re.MULTILINE)
    assert [number for number, _ in listed] == [str(k + 1) for k in range(len(listed))]
    assert [name for _, name in listed] == called_in_step()
    assert len(listed) > 8


def test_model_page_follows_the_protocol() -> None:
    found = [heading for heading in headings(ROOT / "docs" / "model.md") if re.match(r"\d", heading)]
    wanted = [
        "1. Overview",
        "1.1 Purpose and patterns",
        "1.2 Entities, state variables and scales",
        "1.3 Process overview and scheduling",
        "2. Design concepts",
        "3. Details",
        "3.1 Initialisation",
        "3.2 Input data",
        "3.3 Submodels",
    ]
    submodels = [heading for heading in found if heading.startswith("3.3.")]
    assert [heading for heading in found if heading not in submodels] == wanted
    assert [heading.split()[0] for heading in submodels] == [f"3.3.{k + 1}" for k in range(len(submodels))]


def test_every_submodel_names_its_files() -> None:
    text = read(ROOT / "docs" / "model.md")
    submodels = [heading for heading in headings(ROOT / "docs" / "model.md") if heading.startswith("3.3.")]
    nameless = [heading for heading in submodels if not re.search(r"`\w+/\w+\.py`", section(text, heading))]
    assert nameless == []


def test_parameter_page_is_up_to_date() -> None:
    made = "made by `python -m runs.parameter_page > docs/parameters.md`"
    assert read(ROOT / "docs" / "parameters.md") == parameter_page(), f"docs/parameters.md is {made}: make it again"


def test_parameter_page_has_every_parameter_once() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|", parameter_page(), re.MULTILINE)
    assert sorted(rows) == sorted(specifications())


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path: Path) -> None:
    missing = []
    for span in CODE_SPAN.findall(prose(path)):
        word = span.strip()
        if not re.fullmatch(r"[\w.*-]+(?:/[\w.*-]*)+", word) or not word.endswith(SUFFIXES):
            continue
        if word.split("/")[0] in ("results", ".venv"):
            continue
        if not list(ROOT.glob(word.rstrip("/"))):
            missing.append(word)
    assert missing == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_resolve(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"https?:", target):
            continue
        name, _, part = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (part and part not in [anchor(heading) for heading in headings(file)]):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_parameters_that_are_named_exist(path: Path) -> None:
    table = specifications()
    owners = {row.owner for row in table.values()}
    unknown = []
    for span in CODE_SPAN.findall(prose(path)):
        name = span.strip()
        is_parameter = re.fullmatch(r"([a-z_]+)\.([a-z][a-z0-9_]*)", name)
        if is_parameter is None or is_parameter[1] not in owners or is_parameter[2] in ("policy", "py", "csv", "md"):
            continue
        if name not in table:
            unknown.append(name)
    assert unknown == []


def test_every_parameter_stands_in_a_submodel() -> None:
    text = read(ROOT / "docs" / "model.md")
    named = set(CODE_SPAN.findall(text[text.index("### 3.3 Submodels") :]))
    assert [name for name in specifications() if name not in named] == []


def test_words_in_formulas_that_look_like_parameters_are_parameters() -> None:
    """In the submodels a name with an underscore in a code span is a parameter or stands in the code."""
    known = {name.partition(".")[2] for name in specifications()}
    code = "\n".join(read(path) for path in sources("runs", "agents", "world"))
    text = prose(ROOT / "docs" / "model.md")
    text = text[text.index("### 3.3 Submodels") :]
    spans = [*CODE_SPAN.findall(text), *re.findall(r"^    (.+)$", text, re.MULTILINE)]
    words = {word for span in spans if "/" not in span for word in re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", span)}
    formula = re.compile(r"[a-zA-Z]+_(?:t|g|j|i|b|served|new|own|old|bg|first|it)")
    strange = {word for word in words if word not in known and not re.search(rf"\b{word}\b", code)}
    assert {word for word in strange if not formula.fullmatch(word)} == set()


def test_references_of_the_code_land() -> None:
    """`docs/x.md` and `DESIGN 6.1` in docstrings and comments name a page and a numbered section of docs/design.md."""
    numbers = {heading.split()[0].rstrip(".") for heading in headings(ROOT / "docs" / "design.md")}
    lost = []
    for path in [ROOT / "gigawatt.py", *sources("viz", "runs", "agents", "world")]:
        text = read(path)
        lost += [f"{path.name}: {page}" for page in re.findall(r"docs/\w+\.md", text) if not (ROOT / page).exists()]
        lost += [f"{path.name}: DESIGN {n}" for n in re.findall(r"DESIGN (\d+(?:\.\d+)?)", text) if n not in numbers]
    assert lost == []


def test_sources_page_serves_every_file_that_refers_to_it() -> None:
    page = read(ROOT / "docs" / "sources.md")
    files = [path for path in sources("runs", "agents", "world") if "docs/sources.md" in read(path)]
    assert files
    unserved = [str(path.relative_to(ROOT)) for path in files if str(path.relative_to(ROOT)) not in page]
    assert unserved == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_python_blocks_run(path: Path) -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", read(path), re.DOTALL | re.MULTILINE):
        exec(compile(block, path.name, "exec"), names)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_path_of_a_machine_is_named(path: Path) -> None:
    assert MACHINE_PATH.findall(read(path)) == []
