import pytest

from person_search import Filters, LabelsError
from person_search.filters import NO_TIME, literal

# What would end a string or an expression, or is none of its letters.
HOSTILE = (
    'a"b', "a'b", "a\\", 'a\\"', "\\n", "a\nb", "a\tb\r", '"] or camera != "', "' or 1 == 1", "{camera}", "%",
    "ü\u2028🙂", "\x01\x7f", "a // b", "$meta", "", " ", "x" * 500,
)  # fmt: skip


def test_no_filter_is_no_expression():
    assert Filters().expression() == ""


def test_expressions():
    assert Filters(cameras=["a", "b"]).expression() == 'camera in ["a", "b"]'
    assert Filters(cameras="ab").expression() == 'camera in ["ab"]'
    assert Filters(not_cameras=("a",), clothes=["x"], not_clothes=["y"]).expression() == (
        'not (camera in ["a"]) and clothes in ["x"] and not (clothes in ["y"])'
    )
    assert Filters(since=1, until="1970-01-01T00:00:02").expression() == (
        f"time >= 1000 and time > {NO_TIME} and time <= 2000"
    )
    with pytest.raises(LabelsError, match="Time 'soon'"):
        Filters(since="soon").expression()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_is_read_as_what_it_was(text):
    parser = pytest.importorskip("milvus_lite.search.filter")
    parsed = parser.parse_expr(f"camera == {literal(text)}")
    assert parsed.right.value == text
