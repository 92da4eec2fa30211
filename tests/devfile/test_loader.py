"""Hostile and ambiguous YAML is refused by both parsers, with a place, before it can do anything."""

import json
import re
import string
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.devfile import MAX_BYTES, DevfileRefused, loader, read
from chalicelib.devfile.loader import MAX_DEPTH, MAX_NODES, load
from tests.devfile.samples import MINIMAL, codes, found, problems, with_root

PARSERS = [yaml.CSafeLoader, yaml.SafeLoader]


@pytest.fixture(params=PARSERS, ids=["libyaml", "python"])
def parser(request: pytest.FixtureRequest) -> Any:
    """Both parsers of PyYAML; the second is used where the first was not built."""
    return request.param


def load_codes(text: str | bytes, parser: Any) -> list[str]:
    """The codes of what is wrong with the YAML itself."""
    try:
        load(text, parser).refuse_if_problems()
    except DevfileRefused as refused:
        return [problem.code for problem in refused.problems]
    return []


@pytest.mark.parametrize(
    "text,expected",
    [
        ("", ["empty"]),
        ("# only words\n", ["empty"]),
        ("~", ["not-a-mapping"]),
        ("- a", ["not-a-mapping"]),
        ("text", ["not-a-mapping"]),
        ("a: 1\na: 2", ["yaml-duplicate-key"]),
        ("a: {b: 1, b: 2, b: 3}", ["yaml-duplicate-key"] * 2),
        ("a: &x 1", ["yaml-anchor"]),
        ("a: &x [1]\nb: *x\nc: *x", ["yaml-anchor", "yaml-alias"]),
        ("a: &x [*x]", ["yaml-anchor", "yaml-alias"]),
        ("<<: {a: 1}", ["yaml-merge-key"]),
        ("a: {<<: *x}", ["yaml-merge-key", "yaml-alias"]),
        ("'<<': 1", []),
        ("a: !!str 1", ["yaml-tag"]),
        ("a: ! 1", ["yaml-tag"]),
        ("a: !!binary cGFyZW50", ["yaml-tag"]),
        ("a: !!python/object/apply:os.system [id]", ["yaml-tag"]),
        ("!!map {a: 1}", ["yaml-tag"]),
        ("!!binary cGFyZW50: {}", ["yaml-tag", "yaml-key"]),
        ("1: a", ["yaml-key"]),
        ("true: a", ["yaml-key"]),
        ("~: a", ["yaml-key"]),
        ("[a, b]: c", ["yaml-key"]),
        ("? {a: b}\n: c", ["yaml-key"]),
        ("a: 1\n---\nb: 2", ["yaml-documents"]),
        ("a: 1\n...\n", []),
        ("%YAML 1.2\n---\na: 1", []),
        ("%TAG ! tag:x,2000:\n---\na: 1", ["yaml-directive"]),
        ("a: [1", ["yaml-syntax"]),
        ("a:\n\t- b", ["yaml-syntax"]),
        ('a: "\\q"', ["yaml-syntax"]),
        ('a: "\\UFFFFFFFF"', ["yaml-syntax"]),
        ("a: 'b", ["yaml-syntax"]),
        ("a: \x07", ["character"]),
        ('a: "\\0"', ["character"]),
        ('"\\x1b": a', ["character"]),
        ("a: 9007199254740993", ["yaml-number"]),
        ("a: 1e400", ["yaml-number"]),
        ("a: " + "9" * 5000, ["yaml-number"]),
        ("[" * (MAX_DEPTH + 1), ["too-deep"]),
        ("- " * 3000, ["too-deep"]),
        ("{a: " * 1500, ["too-deep"]),
        ("? " * 1500, ["too-deep"]),
        ("a: [" + "1," * MAX_NODES + "]", ["too-many-nodes"]),
        ("".join(f"k{n}: b\n" for n in range(MAX_NODES)), ["too-many-nodes"]),
        ("x" * (MAX_BYTES + 1), ["too-large"]),
        ("é" * (MAX_BYTES // 2 + 1), ["too-large"]),
        (b"a: \xff", ["not-utf-8"]),
        ("a: b".encode("utf-16"), ["not-utf-8"]),
        ("a: \ud800", ["not-utf-8"]),
        (b"\xef\xbb\xbfa: b", []),
    ],
)  # fmt: skip
def test_yaml_that_is_refused(text: str | bytes, expected: list[str], parser: Any) -> None:
    """Each trick of YAML is named by both parsers alike."""
    assert sorted(load_codes(text, parser)) == sorted(expected)


@pytest.mark.parametrize(
    "text,value",
    [
        ("no", "no"), ("on", "on"), ("y", "y"), ("Yes", "Yes"), ("010", "010"), ("0o17", "0o17"), ("0x1F", "0x1F"),
        ("0b1", "0b1"), ("1_000", "1_000"), ("1:20", "1:20"), ("1:1:1", "1:1:1"), ("2024-01-02", "2024-01-02"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"), (".inf", ".inf"), (".NaN", ".NaN"), ("+1", "+1"),
        (".5", ".5"), ("1.", "1."), ("=", "="), ("null", None), ("~", None), ("true", True), ("FALSE", False),
        ("0", 0), ("-7", -7), ("1.5", 1.5), ("1e3", 1000.0), ("'1'", "1"), ('"true"', "true"), ("|-\n  1", "1"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_json(text: str, value: object, parser: Any) -> None:
    """What YAML's versions read differently is text; numbers and booleans are JSON's."""
    loaded = load(f"a: {text}\n", parser).document.tree["a"]
    assert (loaded, type(loaded)) == (value, type(value))


@pytest.mark.parametrize(
    "spelling",
    [
        "parent: {uri: x}",
        "'parent': {uri: x}",
        '"parent": {uri: x}',
        '"\\x70arent": {uri: x}',
        "? parent\n: {uri: x}",
        "!!str parent: {uri: x}",
        "!!binary cGFyZW50: {uri: x}",
        "&p parent: {uri: x}",
        "attributes: {a: &p parent}\n*p : {uri: x}",
        "<<: {parent: {uri: x}}",
        "<<: [{parent: {uri: x}}]",
        "attributes: {a: &p {parent: {uri: x}}}\n<<: *p",
        "metadata: {}\nparent: {uri: x}\nparent: {}",
        "parent: {}",
        "parent:",
        "Parent: {uri: x}",
        "PARENT: {uri: x}",
        "p\u0430rent: {uri: x}",
        "parent\u200b: {uri: x}",
        "\uff50\uff41\uff52\uff45\uff4e\uff54: {uri: x}",
        "'parent ': {uri: x}",
    ],
)
def test_no_spelling_of_a_forbidden_key_gets_through(spelling: str, parser: Any) -> None:
    """However `parent` is spelled, the devfile is refused: by name, or as a key that nobody knows."""
    text = with_root(spelling)
    assert codes(text)
    assert load_codes(text, parser) or {"unsupported", "unknown-key"} & set(codes(text))


def test_json_is_a_devfile_too() -> None:
    """A devfile may be written as JSON."""
    text = (
        '{"schemaVersion": "2.2.2", "components": [{"name": "dev", "container": {"image": "a"}}]}'
    )
    assert read(text).main == "dev"
    assert read(text.encode()) == read(text)


def test_faults_of_yaml_and_of_content_are_one_answer() -> None:
    """Duplicate keys and tags do not hide what else is wrong, and what they touch is not judged."""
    text = with_root("""
        - name: two
          container:
            image: !!str a
            image: b
            memoryLimit: &m [1]
            cpuLimit: none
        """)
    assert found(text) == [
        ("yaml-tag", "components[1].container.image", 10),
        ("yaml-duplicate-key", "components[1].container.image", 11),
        ("yaml-anchor", "components[1].container.memoryLimit", 12),
        ("quantity", "components[1].container.cpuLimit", 13),
    ]


def test_a_refused_key_is_not_missed() -> None:
    """Where a key was refused as YAML nothing is said to be missing."""
    assert codes(with_root("- {name: two, <<: {container: {image: a}}}")) == ["yaml-merge-key"]
    assert codes(with_root("- {name: two, container: {!!str image: a}}")) == [
        "yaml-tag",
        "yaml-key",
    ]


def test_syntax_errors_have_their_place() -> None:
    """A syntax error names line and column."""
    (problem,) = problems(MINIMAL + "x: [1, 2\ny: 3\n")
    assert problem.code == "yaml-syntax"
    assert problem.line == 9


def test_many_problems_are_cut_off() -> None:
    """After a hundred problems the rest is counted."""
    text = MINIMAL + "".join(f"x{number}: 1\n" for number in range(150))
    answer = problems(text)
    assert len(answer) == 101
    assert answer[-1].message == "There are 50 more problems; solve these first."


def test_the_fast_parser_is_used() -> None:
    """Where PyYAML was built with libyaml, that is what reads."""
    assert loader._PARSER is yaml.CSafeLoader


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(string.printable[:95], max_size=12),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=8), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


class _Plain(yaml.CSafeDumper):
    """Writes no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Quote what may be a number to a reader of YAML 1.2: to PyYAML, of 1.1, `0E0` is a text."""
        style = '"' if re.search(r"\d", data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Plain.add_representer(str, _Plain.represent_str)


@settings(max_examples=50)
@example({"aa": "0E0"})
@given(st.dictionaries(st.sampled_from(["aa", "bb", "cc"]), JSON))
def test_what_was_written_is_read(tree: dict[str, Any]) -> None:
    """Any JSON value, written as YAML of either style or as JSON, is read back by both parsers as it was."""
    written = json.dumps(tree, sort_keys=True)
    flow = yaml.dump(tree, Dumper=_Plain, default_flow_style=True, width=10**6)
    block = yaml.dump(tree, Dumper=_Plain, default_flow_style=False, width=10**6)
    for parser in PARSERS:
        for text in (written, flow, block):
            assert json.dumps(load(text, parser).document.tree, sort_keys=True) == written


@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%#@`<~01 \n\t\\", max_size=60) | st.binary(max_size=40))
def test_noise_is_answered(noise: str | bytes) -> None:
    """Whatever is sent is accepted or refused with problems that have a place; nothing else comes out."""
    for text in (noise, MINIMAL.encode() + (noise if isinstance(noise, bytes) else noise.encode())):
        for problem in problems(text):
            assert problem.message
            assert problem.line >= 1
            assert problem.path.isprintable()
            assert (problem.message + problem.path).encode()


@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%#@`<~01 \n\\", max_size=40))
def test_both_parsers_refuse_alike(noise: str) -> None:
    """What one parser accepts and the other does not is refused by one of them, never read as two values."""
    trees = []
    for parser in PARSERS:
        try:
            review = load(f"a: 1\n{noise}", parser)
            review.refuse_if_problems()
            trees.append(review.document.tree)
        except DevfileRefused:
            continue
    assert len(trees) < 2 or trees[0] == trees[1]
