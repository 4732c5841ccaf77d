from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.small_files import small_files


def test_lists_and_records_of_label_systems_are_small_files():
    files = small_files(BenchmarkParameters(people=4))
    assert {"LTCC_ReID/info/cloth-change_id_train.txt", "prcc/parsing/label_system.json"} < set(files)
