import argparse

import pytest

from datasets_ext.options import whole_number


def test_whole_numbers_within_their_bounds():
    assert whole_number(1, 8)("8") == 8
    assert whole_number(0)("123456789") == 123456789


@pytest.mark.parametrize("text", ["0", "-1", "9", "1.5", "two", "", "1e3", "nan"])
def test_what_is_none_of_them(text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a whole number from 1 to 8, found"):
        whole_number(1, 8)(text)
    with pytest.raises(argparse.ArgumentTypeError, match="expected a whole number from 10, found"):
        whole_number(10)(text)
