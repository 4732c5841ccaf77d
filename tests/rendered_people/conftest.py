import shutil

import pytest

pytest.importorskip("anny")

TINY = {"people": 4, "outfits": 2, "images_per_view": 2, "height": 64, "width": 32, "progress": False}


@pytest.fixture(scope="session")
def body():
    from rendered_people.person.body import BodyModel

    return BodyModel()


@pytest.fixture(scope="session")
def rendered_body(body):
    """Makes every in-process rendering of the session use the one loaded body."""
    import rendered_people.person.body

    # Its annotations name the class.
    import rendered_people.studio  # noqa: F401

    patch = pytest.MonkeyPatch()
    patch.setattr(rendered_people.person.body, "BodyModel", lambda lock=None: body)
    yield body
    patch.undo()


@pytest.fixture(scope="session")
def wearer(body):
    """(RestBody, HeadFrame) of a person."""
    from rendered_people.person.head import HeadFrame
    from rendered_people.person.people import draw_person

    person = draw_person(0, 0)
    rest_body = body.rest(person.phenotype, person.shape_changes)
    return rest_body, HeadFrame(body, rest_body)


@pytest.fixture(scope="session")
def studio(body):
    from rendered_people.clothes.wardrobe import Wardrobe
    from rendered_people.studio import Studio

    return Studio(3, Wardrobe(3, 0.5, 5), body)


@pytest.fixture(scope="session")
def tiny(rendered_body, tmp_path_factory):
    """A finished benchmark of 4 people: (folder, manifest). Tests must not change it."""
    from rendered_people import render_benchmark

    folder = tmp_path_factory.mktemp("tiny")
    return folder, render_benchmark(folder, workers=1, **TINY)


@pytest.fixture
def copy(tiny, tmp_path):
    """A finished benchmark that tests may change."""
    folder = tmp_path / "copy"
    shutil.copytree(tiny[0], folder)
    return folder


@pytest.fixture(scope="session")
def tiny_parameters():
    return dict(TINY)
