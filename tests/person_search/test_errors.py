import json
import sys

import pytest

from person_search import MissingPackageError, PersonSearchError
from person_search.errors import require_package


def test_a_package_that_is_there():
    assert require_package("json", "search", "A gallery") is json


def test_one_that_is_not_is_named_with_who_needs_it_and_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(MissingPackageError, match=r'^A gallery needs the package pymilvus.*"fastreid-ifd\[search\]"'):
        require_package("pymilvus", "search", "A gallery")
    assert issubclass(MissingPackageError, PersonSearchError)
