"""Arrays read from pickles: as NumPy wrote them, wherever they stand, and never by NumPy's own constructors."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from fastreid_compat.plain_arrays import load_plain

PLAIN = st.sampled_from(["?", "i1", "<i2", ">i4", "i8", "u1", "u8", "f2", ">f4", "f8", "c8", "<c16"])


def read(value, protocol=pickle.HIGHEST_PROTOCOL):
    return load_plain(io.BytesIO(pickle.dumps(value, protocol=protocol)))


@given(st_numpy.arrays(PLAIN, st_numpy.array_shapes(min_dims=0, min_side=0, max_dims=4)), st.integers(2, 5))
def test_an_array_comes_back_as_it_was(array, protocol):
    loaded = read(array, protocol)
    assert type(loaded) is np.ndarray
    assert loaded.dtype == array.dtype
    np.testing.assert_array_equal(loaded, array)
    assert loaded.flags.writeable


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "array", [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(12.0).reshape(3, 4)[::2, 1::2]]
)
def test_the_order_in_memory_does_not_change_the_numbers(array, protocol):
    np.testing.assert_array_equal(read(array, protocol), array)


def test_arrays_are_found_wherever_they_stand():
    array = np.arange(3)
    loaded = read({"list": [array, {"tuple": (1, (array, "text"))}], "scalar": np.float32(2), "type": array.dtype})
    np.testing.assert_array_equal(loaded["list"][0], array)
    # One array that stands in two places stays one.
    assert loaded["list"][1]["tuple"][1][0] is loaded["list"][0]
    assert loaded["list"][1]["tuple"][1][1] == "text"
    assert loaded["scalar"] == np.float32(2)
    assert loaded["type"] == array.dtype


def test_a_list_that_holds_itself_is_read():
    value = [np.ones(1)]
    value.append(value)
    loaded = read(value)
    assert loaded[1] is loaded
    assert loaded[0] == 1


@pytest.mark.parametrize(
    "value", [print, np.random.default_rng, np.array(["a"]), np.array([None]), np.datetime64(0, "s")]
)
def test_anything_else_is_refused(value):
    with pytest.raises(pickle.UnpicklingError):
        read(value)


def test_a_length_beyond_all_memory_is_told():
    written = pickle.dumps({"a": np.arange(4.0)}, protocol=2)
    # In the place of the protocol, bytes of a length that the next eight bytes tell.
    with pytest.raises(pickle.UnpicklingError, match="more bytes than there is memory"):
        load_plain(io.BytesIO(pickle.BINBYTES8 + written[1:]))


@given(st.integers(0, 2), st.data())
def test_a_damaged_pickle_is_an_exception(damages, data):
    written = bytearray(pickle.dumps({"a": np.arange(4.0), "b": (np.float32(1), [np.ones((2, 2))])}, protocol=2))
    for _ in range(damages + 1):
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    try:
        load_plain(io.BytesIO(bytes(written)))
    except Exception as error:
        assert not isinstance(error, MemoryError)  # noqa: PT017
