from rendered_people.person.body import read_face_groups
from rendered_people.render.mesh import triangles


def test_face_groups_are_read_by_name(tmp_path):
    path = tmp_path / "mesh.obj"
    path.write_text("v 0 0 0\ng body\nf 1/1 2/2 3/3 4/4\ng hat\nf 2 3 4 5\ng body\nf 5/1 6/2 7/3 8/4\n")
    groups = read_face_groups(path)
    assert groups["body"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert groups["hat"].tolist() == [[1, 2, 3, 4]]
    assert triangles(groups["hat"]).tolist() == [[1, 2, 3], [1, 3, 4]]
