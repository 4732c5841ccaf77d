import pytest

pytest.importorskip("anny")


@pytest.fixture(scope="session")
def body():
    from rendered_people.body import BodyModel

    return BodyModel()


@pytest.fixture(scope="session")
def rendered_body(body):
    """Makes every in-process rendering of the session use the one loaded body."""
    import rendered_people.body

    patch = pytest.MonkeyPatch()
    patch.setattr(rendered_people.body, "BodyModel", lambda lock=None: body)
    yield body
    patch.undo()


TINY = {"people": 4, "outfits": 2, "images_per_view": 2, "height": 64, "width": 32, "progress": False}


@pytest.fixture(scope="session")
def tiny(rendered_body, tmp_path_factory):
    """A finished benchmark of 4 people: (folder, manifest). Tests must not change it."""
    from rendered_people import render_benchmark

    folder = tmp_path_factory.mktemp("tiny")
    return folder, render_benchmark(folder, workers=1, **TINY)


@pytest.fixture(scope="session")
def tiny_parameters():
    return dict(TINY)
