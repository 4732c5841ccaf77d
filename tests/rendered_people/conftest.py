import shutil

import pytest

pytest.importorskip("anny")


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


@pytest.fixture
def copy(tiny, tmp_path):
    """A finished benchmark that tests may change."""
    folder = tmp_path / "copy"
    shutil.copytree(tiny[0], folder)
    return folder
