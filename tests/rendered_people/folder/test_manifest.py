import json

import pytest

from rendered_people import RenderingError, render_benchmark


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("\udcff", "not valid JSON"),
        ('{"benchmark": "else"}', "not a manifest of RenderedPeople"),
        ("[]", "not a manifest of RenderedPeople"),
        ('{"benchmark": "RenderedPeople"}', "damaged .no 'parameters'"),
        ('{"benchmark": "RenderedPeople", "parameters": [], "made_with": {}, "complete": true}', "no 'parameters'"),
        ('{"benchmark": "RenderedPeople", "parameters": {}, "made_with": {}, "complete": 1}', "no 'complete'"),
        ('{"benchmark": "RenderedPeople", "parameters": {}, "made_with": {}, "complete": true}', "no 'digest'"),
    ],
)
def test_a_broken_manifest_is_refused(tmp_path, tiny_parameters, content, message):
    (tmp_path / "manifest.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RenderingError, match=message):
        render_benchmark(tmp_path, **tiny_parameters)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_folder_of_another_renderer_is_refused(copy, tiny_parameters):
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "content_version": 0}))
    with pytest.raises(RenderingError, match="content version is 0 there"):
        render_benchmark(copy, **tiny_parameters)


def test_going_on_with_other_library_versions_is_told(copy, tiny_parameters):
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["made_with"]["numpy"] = "0.1"
    manifest["complete"] = False
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "prcc/rgb/train/001/B_cropped_rgb001.jpg").unlink()
    with pytest.warns(UserWarning, match=r"was begun with numpy 0\.1 \(now "):
        render_benchmark(copy, workers=1, **tiny_parameters)
