from datasets_ext.numbering import positions


def test_positions_among_the_sorted_keys_of_all():
    assert positions([(2, "b"), (1, "a")], [(2, "a"), (1, "a")]) == {(1, "a"): 0, (2, "a"): 1, (2, "b"): 2}
    assert positions([]) == {}
