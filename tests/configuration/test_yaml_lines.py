import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlconnector_assets.configuration.yaml_lines import read_yaml
from mlconnector_assets.layouts.problems import Problem


def parsed(tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path, name="file.yaml")


def test_scalars_stay_the_text_that_was_written(tmp_path):
    text = "{country: NO, code: 007, day: 2026-01-31, on: off, price: 1.10, none: ~, empty: , quoted: 'null', base: 0x1F}"
    assert parsed(tmp_path, text).data == {
        "country": "NO", "code": "007", "day": "2026-01-31", "on": "off", "price": "1.10", "none": None, "empty": None,
        "quoted": "null", "base": "0x1F",
    }  # fmt: skip


def test_lines_of_keys_and_items(tmp_path):
    file = parsed(tmp_path, "a:\n  b: 1\n  c:\n    - x\n    - d: 2\n")
    assert {path: file.line(path) for path in [("a",), ("a", "b"), ("a", "c"), ("a", "c", 0), ("a", "c", 1, "d")]} == {
        ("a",): 1, ("a", "b"): 2, ("a", "c"): 3, ("a", "c", 0): 4, ("a", "c", 1, "d"): 5,
    }  # fmt: skip


def test_key_that_is_missing_has_the_line_of_what_is_around_it(tmp_path):
    assert parsed(tmp_path, "x: 1\na:\n  b: 1\n").line(("a", "zzz", 3)) == 2


def test_problems_are_listed_by_line(tmp_path):
    file = parsed(tmp_path, "a: 1\nb: 2\n")
    assert file.located([Problem(("b",), "second"), Problem(("a",), "first")]) == [
        "file.yaml:1: a: first",
        "file.yaml:2: b: second",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "file.yaml:1: has the key `a` twice, in lines 1 and 3; keep one"),
        ("a: &x [1, *x]\n", "file.yaml:1: a[1]: contains itself through an alias; write the value out"),
        ("a: !!python/object:os.system x\n", "file.yaml:1: a: has a tag"),
        ("a: !secret x\n", "file.yaml:1: a: has a tag (a word that begins with `!`), which is not read; put the value in quotes"),
        ("? [1, 2]\n: x\n", "file.yaml:1: has a key that is no text"),
        ("", "file.yaml:1: is empty"),
        ("# only this\n", "file.yaml:1: is empty"),
        ("a: 1\n  b: 2\n", "file.yaml:2: is not valid YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2\n", "file.yaml:2: is not valid YAML: but found another document"),
        ("a:\n\t- 1\n", "file.yaml:2: is not valid YAML"),
        ("a: 'open\n", "file.yaml:2: is not valid YAML"),
        ("a: *b\n", "file.yaml:1: is not valid YAML: found undefined alias"),
        ("a: \x00\n", "file.yaml:1: is not valid YAML: it holds characters"),
        (b"a: \xff\n", "file.yaml:1: is not UTF-8 (byte 3)"),
    ],
)
def test_what_is_wrong_in_the_text_itself(tmp_path, text, problem):
    file = parsed(tmp_path, text)
    assert len(file.problems) == 1
    assert file.located(file.problems)[0].startswith(problem)


def test_file_that_cannot_be_read(tmp_path):
    file = read_yaml(tmp_path / "absent.yaml", name="absent.yaml")
    assert file.located(file.problems) == ["absent.yaml:1: cannot be read: No such file or directory"]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"], exclude_characters="\u2028\u2029\x85\ufeff"),
    max_size=8,
)
TREES = st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8)


@given(st.dictionaries(TEXTS, TREES, min_size=1, max_size=3))
def test_any_tree_of_texts_is_read_as_it_was_written(tmp_path_factory, tree):
    file = parsed(tmp_path_factory.mktemp("yaml"), yaml.safe_dump(tree, allow_unicode=True))
    assert file.problems == []
    assert file.data == tree
