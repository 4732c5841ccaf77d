"""What a user can mend of an export."""

import math

import pytest

from model_export.errors import ExportError, require_export_package


def test_a_package_that_is_there_is_given():
    assert require_export_package("math") is math


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(ExportError, match=r'needs the package onnxx, .*pip install "fastreid-ifd\[export\]"'):
        require_export_package("onnxx")
