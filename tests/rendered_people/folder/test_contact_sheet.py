import numpy as np
from PIL import Image

from rendered_people.folder.contact_sheet import _first_people, write_contact_sheet
from rendered_people.folder.files import Shelf, encoded
from rendered_people.folder.layouts import planned_files
from rendered_people.folder.parameters import BenchmarkParameters


def test_the_sheet_shows_a_row_a_person_and_a_column_a_view(tiny):
    with Image.open(tiny[0] / "contact_sheet.png") as sheet:
        assert sheet.size == (14 + 2 * 3 * 32, 14 + 4 * 64)
        pixels = np.asarray(sheet)
    with Image.open(tiny[0] / "LTCC_ReID/train/001_2_c1_000001.png") as image:
        np.testing.assert_array_equal(pixels[14 + 64 : 14 + 128, 14 + 3 * 32 : 14 + 4 * 32], np.asarray(image))


def test_every_site_has_its_turn():
    assert _first_people([range(9), range(9), range(0), range(1)], 6) == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (3, 0),
    ]
    assert _first_people([range(4, 90)], 3) == [(0, 4), (0, 5), (0, 6)]
    assert _first_people([range(1)], 6) == [(0, 0)]


def test_rows_are_people_of_all_sites(tmp_path):
    parameters = BenchmarkParameters(people=4, sites=2, unseen_sites=1, layouts=("prcc",), height=64, width=32)
    shelf = Shelf(tmp_path)
    plan = planned_files(parameters)
    shades = {shot: 20 * shot.site + 5 * shot.person + shot.camera for shot in plan}
    for shot, pairs in plan.items():
        for path, _ in pairs:
            shelf.write(path, encoded(np.full((64, 32, 3), shades[shot], dtype=np.uint8), path[-4:]))
    write_contact_sheet(shelf, parameters, plan)
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        found = np.asarray(sheet)[14 + 32 :: 64, 14 + 16 :: 32, 0]
    # Training people of two sites, then evaluated ones of three; columns are A, B and, in the other outfit, C.
    people = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 0), (2, 1)]
    expected = [[20 * site + 5 * person + camera for camera in range(3)] for site, person in people]
    assert np.abs(found.astype(int) - expected).max() <= 1
