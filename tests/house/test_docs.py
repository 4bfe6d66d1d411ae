"""The docs are true: their commands, settings, files, links and sums exist and hold."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import driftless
from driftless.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[2]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
HOUSE = ROOT / "layers" / "core" / "driftless"
COMMAND = re.compile(r"(?:^|[`(\s])(?:scripts/)?driftless ([a-z][a-z-]*(?: [^`#\n]*)?)", re.MULTILINE)
SETTING = re.compile(r"\bDRIFTLESS_[A-Z_]+\b")


def code_of(doc: Path) -> str:
    """The indented blocks and `quoted` words of a page, continued lines joined."""
    text = doc.read_text().replace("\\\n", " ")
    blocks = "\n".join(line for line in text.splitlines() if line.startswith("    "))
    return blocks + "\n" + "\n".join(re.findall(r"`([^`\n]+)`", text))


def commands_of(doc: Path) -> Iterator[list[str]]:
    for found in COMMAND.finditer(code_of(doc)):
        yield re.split(r"\s(?:&&|\|)\s|\)", found.group(1))[0].split()


def parser_of(words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """The deepest parser that the words name, and the words left."""
    parser: argparse.ArgumentParser = build_parser()
    while words:
        groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not groups or words[0].startswith("-"):
            break
        assert words[0] in groups[0].choices, f"driftless has no {words[0]}"
        parser, words = groups[0].choices[words[0]], words[1:]
    return parser, words


SHOWN = [(doc.name, words) for doc in DOCS for words in commands_of(doc)]


def test_the_docs_show_commands() -> None:
    assert len(SHOWN) > 15


@pytest.mark.parametrize(("doc", "words"), SHOWN, ids=[f"{d}: {' '.join(w)}"[:80] for d, w in SHOWN])
def test_a_command_that_the_docs_show_exists_with_its_flags(doc: str, words: list[str]) -> None:
    if words[0] == "dev":
        from devstack.main import parser as of_the_stack

        parser, left = parser_of_stack(of_the_stack(), words[1:])
    else:
        parser, left = parser_of(words)
    known = {option for action in parser._actions for option in action.option_strings}
    shown = {word.split("=")[0] for word in left if word.startswith("--")}
    assert shown <= known


def parser_of_stack(parser: argparse.ArgumentParser, words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    verbs = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices
    assert not words or words[0] in verbs or words[0].startswith("-")
    return (verbs[words[0]], words[1:]) if words and words[0] in verbs else (parser, words)


def test_every_setting_that_the_docs_name_is_read_somewhere() -> None:
    code = [*(ROOT / "layers").rglob("*.py"), *(ROOT / "devstack").rglob("*.py"), ROOT / "template.yaml"]
    known = {name for file in code for name in SETTING.findall(file.read_text())}
    shown = {name for doc in DOCS for name in SETTING.findall(doc.read_text())}
    assert shown <= known


def test_every_setting_of_the_command_is_in_the_readme() -> None:
    read = {n for file in (HOUSE / "cli").glob("*.py") for n in SETTING.findall(file.read_text())}
    assert read <= set(SETTING.findall((ROOT / "README.md").read_text()))


def test_every_parameter_of_the_template_is_in_the_readme() -> None:
    template = (ROOT / "template.yaml").read_text().split("\nConditions:")[0]
    names = re.findall(r"^  (\w+):$", template.split("\nParameters:")[1], re.MULTILINE)
    shown = set(re.findall(r"`(\w+)`", (ROOT / "README.md").read_text()))
    assert len(names) > 5
    assert set(names) <= shown


def test_every_output_that_the_readme_asks_for_is_given() -> None:
    asked = set(re.findall(r"\boutput ([A-Z]\w+)", (ROOT / "README.md").read_text()))
    outputs = (ROOT / "template.yaml").read_text().split("\nOutputs:")[1]
    assert asked
    assert asked <= set(re.findall(r"^  (\w+):$", outputs, re.MULTILINE))


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_files_and_links_that_a_page_names_exist(doc: Path) -> None:
    text = doc.read_text()
    links = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if not t.startswith(("http", "#"))]
    named = re.findall(r"`((?:layers|functions|tests|scripts|deploy|devstack|docs|events)/[\w./-]+)`", text)
    named += re.findall(r"^    ((?:layers|deploy|devstack|events|scripts)/[\w./-]*)  ", text, re.MULTILINE)
    assert not [link for link in links if not (doc.parent / link).exists()]
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_map_of_the_house_is_the_house() -> None:
    listed = re.findall(r"^    (\w+) {2,}", driftless.__doc__ or "", re.MULTILINE)
    listed += re.findall(r"\S {4,}(\w+) {2,}the `driftless` command", driftless.__doc__ or "")
    folders = {p.name for p in HOUSE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    modules = {p.stem for p in HOUSE.glob("*.py") if p.stem != "__init__"}
    assert set(listed) == folders | modules
    assert len(listed) == len(set(listed))


def rows(doc: Path) -> Iterator[tuple[str, str, str]]:
    for line in doc.read_text().splitlines():
        cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3:
            yield cells[0], cells[1], cells[2]


def product(text: str) -> float:
    result = 1.0
    for factor in text.split("×"):
        result *= float(factor)
    return result


def test_the_costs_add_up() -> None:
    total, sums = 0.0, 0
    for what, arithmetic, dollars in rows(ROOT / "docs" / "costs.md"):
        if "×" in arithmetic:
            assert product(arithmetic) == pytest.approx(float(dollars), abs=0.0051), what
            total += float(dollars)
        elif what == "in all":
            assert total == pytest.approx(float(dollars), abs=0.005)
            total, sums = 0.0, sums + 1
    assert sums == 2


def test_the_readme_quotes_the_costs_as_they_are() -> None:
    sums = [dollars for what, _, dollars in rows(ROOT / "docs" / "costs.md") if what == "in all"]
    assert all(f"| {dollars} |" in (ROOT / "README.md").read_text() for dollars in sums)
