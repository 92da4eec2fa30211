"""What is written is read as what it was, by this room and by a plain YAML parser."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.devfile import written
from chalicelib.devfile.loader import load

TEXTS = ["", "2e0", "1e9", "010", "0x10", "no", "null", "~", "1:20", "2024-01-02", "9" * 40, "- a", "a: b", "&a", "*a",
         "!x", "#x", "{{a}}", " x ", "a\nb\n", "\ta", "ü😀", "<<", "=", "%a", "'", '"', "\u2028", "\u0085"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_texts_stay_texts(text: str) -> None:
    """Also those that one reader or another takes for a number, a date or a mark of YAML."""
    tree = {"key": text, "list": [text], text or "empty": 1}
    assert load(written(tree)).document.tree == tree
    assert yaml.safe_load(written(tree)) == tree


_CHARACTERS = st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs", "Zl", "Zp"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(_CHARACTERS, max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc-", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, max_size=5))
def test_trees_come_back(tree: dict[str, object]) -> None:
    """Whatever the values, reading gives them back, and nothing is found fault with."""
    review = load(written(tree))
    review.refuse_if_problems()
    assert review.document.tree == tree


def test_what_is_there_twice_is_written_twice() -> None:
    """No anchors: a devfile may not have any."""
    shared = {"a": ["b"]}
    assert "&" not in written({"one": shared, "two": shared})
