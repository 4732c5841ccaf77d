from datasets_ext import LABEL_SYSTEMS, label_colours


def test_colours_tell_the_labels_apart():
    colours = label_colours()
    assert colours.shape == (256, 3)
    most = max(map(len, LABEL_SYSTEMS.values()))
    assert len({tuple(colour) for colour in colours[:most].tolist()}) == most
    assert colours[0].tolist() == [0, 0, 0]
    # What no system has is grey.
    assert colours[most:].tolist() == [[128] * 3] * (256 - most)
