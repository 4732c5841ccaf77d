import numpy as np
import pytest
from PIL import Image

from rendered_people.difficulty import main, measure_difficulty


def write(path, colour, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.broadcast_to(np.array(colour, dtype=np.uint8), (12, 6, 3))).save(path, quality=95)
    parts = list(path.parts)
    parts[parts.index("rgb")] = "parsing"
    parsing = type(path)(*parts).with_suffix(".png")
    parsing.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((12, 6), labels, dtype=np.uint8)).save(parsing)


@pytest.fixture
def swapped(tmp_path):
    """Two people who change into each other's clothes before camera C."""
    red, blue = (230, 20, 20), (20, 20, 230)
    for pid, before, after in (("001", red, blue), ("002", blue, red)):
        for camera, colour in (("A", before), ("B", before), ("C", after)):
            write(tmp_path / f"prcc/rgb/test/{camera}/{pid}/cropped_rgb001.jpg", colour, 5)
    return tmp_path


def test_clothes_find_people_who_keep_them_and_mislead_when_they_are_swapped(swapped):
    results = {(r.region, r.mode): r for r in measure_difficulty(swapped)}
    for region in ("whole image", "person", "clothes"):
        assert results[region, "same_clothing"].rank1 == 1.0
        assert results[region, "clothing_change"].rank1 == 0.0
    for result in results.values():
        assert result.chance == 0.5
        assert result.queries == 2


def test_report_is_printed(swapped, capsys):
    assert main([str(swapped)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 4 * 2
    assert "clothing_change" in lines[2]


def test_a_rendered_benchmark_is_read_in_both_layouts(tiny):
    results = measure_difficulty(tiny[0])
    assert {result.layout for result in results} == {"PRCC's layout", "LTCC's layout"}
    assert all(result.queries > 0 and 0 < result.chance < 1 for result in results)


def test_a_folder_without_images_is_refused(tmp_path, capsys):
    with pytest.raises(ValueError, match="no test images"):
        measure_difficulty(tmp_path)
    assert main([str(tmp_path)]) == 2
    assert "no test images" in capsys.readouterr().err
