import datasets_ext


def test_every_public_name_is_there_once():
    assert len(set(datasets_ext.__all__)) == len(datasets_ext.__all__)
    assert [name for name in datasets_ext.__all__ if not hasattr(datasets_ext, name)] == []
    assert not hasattr(datasets_ext, "absent")
