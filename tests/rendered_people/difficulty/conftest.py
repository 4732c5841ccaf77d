import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write():
    """Writes an image and its parsing map into PRCC's layout: colours and labels broadcast to 12 x 6 pixels."""

    def write(path, colours, labels):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.broadcast_to(np.array(colours, dtype=np.uint8), (12, 6, 3)).copy()).save(path, quality=95)
        parts = list(path.parts)
        parts[parts.index("rgb")] = "parsing"
        parsing = type(path)(*parts).with_suffix(".png")
        parsing.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.broadcast_to(np.array(labels, dtype=np.uint8), (12, 6)).copy()).save(parsing)

    return write


@pytest.fixture
def swapped(tmp_path, write):
    """Two people who change into each other's clothes before camera C; a second test set of the same form."""
    red, blue = (230, 20, 20), (20, 20, 230)
    for test in ("test", "test_unseen_sites"):
        for pid, before, after in (("001", red, blue), ("002", blue, red)):
            for camera, colour in (("A", before), ("B", before), ("C", after)):
                write(tmp_path / f"prcc/rgb/{test}/{camera}/{pid}/cropped_rgb001.jpg", colour, 5)
    return tmp_path
