import os
import threading
from datetime import datetime, timezone

import numpy as np
import pytest

from person_search import (
    Decisions,
    Gallery,
    GalleryError,
    LabelsError,
    ModelFileError,
    OtherModelError,
    PhotoError,
    Picture,
    Space,
)

SPACE = Space(8, "f")
#: Texts that would end a string, an expression or a line, or are none of Milvus's letters.
HOSTILE = [
    '"',
    "'",
    "\\",
    '\\"',
    "a\nb",
    "a\tb\r",
    '"] or camera != "',
    "' or 1 == 1 //",
    "{x}",
    "%",
    "ü\u2028🙂",
    "\x01\x7f",
]


def unit(count, seed=0, dim=8):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def drawn(uri):
    """A gallery of 60 random vectors: three cameras, a minute apart, six people in two outfits."""
    with Gallery(uri, SPACE) as gallery:
        gallery.add(
            vectors=unit(60),
            camera=[f"c{number % 3}" for number in range(60)],
            time=[60.0 * number for number in range(60)],
            person=[f"p{number % 6}" for number in range(60)],
            clothes=[f"p{number % 6}/{number // 30}" for number in range(60)],
            source=[f"/photos/{number}.jpg" for number in range(60)],
        )
        yield gallery


def sources(hits):
    return [int(os.path.basename(hit.picture.source)[:-4]) for hit in hits]


# --- searching


def test_search_compares_every_picture(drawn):
    vectors, queries = unit(60), unit(5, seed=1)
    for query, hits in zip(queries, drawn.search_many(queries, top=7), strict=True):
        scores = vectors @ query
        assert sources(hits) == np.argsort(-scores)[:7].tolist()
        assert [hit.score for hit in hits] == pytest.approx(np.sort(scores)[:-8:-1], abs=1e-6)
        assert sources(drawn.search(query, top=7)) == sources(hits)


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"cameras": ["c1", "c2"]}, lambda number: number % 3 in (1, 2)),
        ({"cameras": "c1"}, lambda number: number % 3 == 1),
        ({"not_cameras": ["c0"]}, lambda number: number % 3 != 0),
        ({"since": 600, "until": datetime(1970, 1, 1, 0, 20)}, lambda number: 10 <= number <= 20),
        ({"until": 120}, lambda number: number <= 2),
        ({"clothes": ["p1/0", "p1/1"]}, lambda number: number % 6 == 1),
        (
            {"not_clothes": ["p1/0"], "cameras": ["c1"]},
            lambda number: number % 3 == 1 and not (number % 6 == 1 and number < 30),
        ),
        ({"cameras": ["nowhere"]}, lambda number: False),
    ],
)
def test_filters(drawn, filters, kept):
    assert sorted(sources(drawn.search(unit(1)[0], top=60, **filters))) == list(filter(kept, range(60)))


def test_what_is_unknown_passes_only_what_does_not_ask(uri):
    with Gallery(uri, SPACE) as gallery:
        gallery.add(vectors=unit(1), source="bare")
        (hit,) = gallery.search(unit(1)[0])
        assert hit.picture == Picture(hit.picture.id, source="bare")
        for filters, found in [
            ({"not_cameras": ["c"]}, 1),
            ({"not_clothes": ["c"]}, 1),
            ({"cameras": ["c"]}, 0),
            ({"since": -1e9}, 0),
            ({"until": 1e12 - 1}, 0),
        ]:
            assert len(gallery.search(unit(1)[0], **filters)) == found


def test_a_picture_of_the_gallery_as_the_query(drawn):
    (first, second) = drawn.search(unit(60)[4], top=2)
    assert sources([first]) == [4]
    assert sources(drawn.search(first.picture, top=1)) == sources([second])
    assert len(drawn.search(first.picture, top=100)) == 59
    drawn.remove([first.picture.id], erase=False)
    with pytest.raises(GalleryError, match="holds no picture"):
        drawn.search(first.picture)


def test_what_is_known_of_pictures(drawn):
    hit = drawn.search(unit(60)[40], top=1)[0]
    assert hit.picture == Picture(
        hit.picture.id, "/photos/40.jpg", "c1", datetime(1970, 1, 1, 0, 40, tzinfo=timezone.utc), "p4", "p4/1"
    )
    assert drawn.pictures([hit.picture.id, "0" * 32]) == [hit.picture, None]
    assert drawn.vectors([hit.picture.id])[0] == pytest.approx(unit(60)[40], abs=1e-6)


def test_images_are_embedded(gallery, draw):
    assert gallery.add([draw(person, 1) for person in range(8)], person=[str(person) for person in range(8)]).new == 8
    for person in (0, 5):
        hits = gallery.search(draw(person, 2), top=3)
        assert hits[0].picture.person == str(person)
        assert hits[0].score > 0.99 > hits[1].score
        assert hits[0].decision is None


def test_decisions_of_the_model(uri, model, draw):
    class Calibrated:
        dim, fingerprint, needs_maps, label_system = model.dim, model.fingerprint, False, None
        decisions = Decisions(model.fingerprint, {1e-3: 0.99, 1e-2: 0.0})

        def __call__(self, images, maps=None, *, map_system=None):
            return model(images)

    with Gallery(uri, Calibrated()) as gallery:
        gallery.add([draw(person) for person in range(8)])
        found = [hit.decision for hit in gallery.search(draw(3, 1), top=8)]
    assert found[0] == "same person"
    assert set(found[1:]) == {"uncertain", "unknown"}


def test_maps_go_with_their_images(tmp_path, masked_model_path, draw):
    from person_search import load_model

    model = load_model(masked_model_path)
    half, none = np.zeros((64, 32), np.uint8), np.zeros((64, 32), np.uint8)
    half[32:] = 5
    with Gallery(str(tmp_path / "people.db"), model) as gallery:
        # 0 is there without its clothes, and is not embedded again for the second call.
        gallery.add([draw(0)], maps=[half])
        assert gallery.add([draw(1), draw(0), draw(2)], maps=[none, none, half]) == (2, 0, 1)
        for person, labels in ((0, half), (1, none), (2, half)):
            assert gallery.search(draw(person), map=labels)[0].score == pytest.approx(1, abs=1e-6)
        with pytest.raises(ModelFileError, match="needs the parsing map"):
            gallery.search(draw(0))
        with pytest.raises(ValueError, match="1 maps for 2 images"):
            gallery.add([draw(0), draw(1)], maps=[half])


def test_bad_queries(drawn):
    for top in (0, 16_385):
        with pytest.raises(ValueError, match="expected 1 to 16,384"):
            drawn.search(unit(1)[0], top=top)
    with pytest.raises(ValueError, match=r"shape \(1, 3\); expected \(N, 8\)"):
        drawn.search(np.ones(3))
    with pytest.raises(ValueError, match="no direction"):
        drawn.search(np.zeros(8))
    with pytest.raises(ModelFileError, match="opened without its model"):
        drawn.search(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(LabelsError, match="no time|neither"):
        drawn.search(unit(1)[0], since="soon")
    with pytest.raises(TypeError, match="colour"):
        drawn.search(unit(1)[0], colour="red")
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        drawn.pictures(['x" or id != "'])


@pytest.mark.parametrize("field", ["camera", "clothes", "person", "source"])
def test_hostile_names_are_names(uri, field):
    with Gallery(uri, SPACE) as gallery:
        gallery.add(vectors=unit(len(HOSTILE)), **{field: [f"<{text}>" for text in HOSTILE]})
        assert len(gallery) == len(HOSTILE)
        kept = len(HOSTILE)
        for text in HOSTILE:
            name = f"<{text}>"
            if field in ("camera", "clothes"):
                plural = {"camera": "cameras", "clothes": "clothes"}[field]
                (hit,) = gallery.search(unit(1)[0], top=50, **{plural: [name]})
                assert getattr(hit.picture, field) == name
                others = gallery.search(unit(1)[0], top=50, **{f"not_{plural}": [name]})
                assert {getattr(other.picture, field) for other in others} == {f"<{one}>" for one in HOSTILE} - {name}
            else:
                assert gallery.remove(**{field: name}, erase=False) == 1
                kept -= 1
                assert len(gallery) == kept
        if field == "camera":
            assert set(gallery.stats().cameras) == {f"<{text}>" for text in HOSTILE}


# --- adding


def test_adding_again_changes_nothing(drawn):
    before = drawn.stats()
    again = drawn.add(
        vectors=unit(60),
        camera=[f"c{number % 3}" for number in range(60)],
        time=[60.0 * number for number in range(60)],
        person=[f"p{number % 6}" for number in range(60)],
        clothes=[f"p{number % 6}/{number // 30}" for number in range(60)],
        source=[f"/photos/{number}.jpg" for number in range(60)],
    )
    assert again == (0, 0, 60)
    assert drawn.stats() == before


def test_labels_given_later_count(gallery, draw, model):
    gallery.add([draw(0), draw(1)], camera="a", source=["x", "y"])
    assert gallery.add([draw(0), draw(1)], camera=["a", "b"], source=["x", "y"]) == (0, 1, 1)
    assert gallery.search(draw(1))[0].picture.camera == "b"
    assert gallery.search(draw(1))[0].score == pytest.approx(1, abs=1e-6)
    assert len(gallery) == 2


def test_a_picture_that_comes_twice_in_one_call(gallery, draw):
    assert gallery.add([draw(0), draw(1), draw(0)], camera=["a", "b", "c"]) == (2, 0, 1)
    assert gallery.search(draw(0))[0].picture.camera == "c"


def test_what_is_there_is_not_embedded_again(uri, model, draw):
    seen = []

    class Counting:
        dim, fingerprint, needs_maps, label_system, decisions = model.dim, model.fingerprint, False, None, None

        def __call__(self, images, maps=None, *, map_system=None):
            seen.append(len(images))
            return model(images)

    with Gallery(uri, Counting()) as gallery:
        gallery.add([draw(person) for person in range(5)])
        gallery.add([draw(person) for person in range(7)])
    assert seen == [5, 2]


def test_a_batch_that_fails_is_not_there(uri, model, draw, monkeypatch):
    monkeypatch.setattr("person_search.gallery.BATCH", 2)
    with Gallery(uri, model) as gallery:
        with pytest.raises(PhotoError, match="absent"):
            gallery.add([draw(0), draw(1), draw(2), "absent.jpg"])
        assert len(gallery) == 2
        with pytest.raises(LabelsError, match="Time 'soon'"):
            gallery.add([draw(4), draw(5)], time=["1970-01-01", "soon"])
        assert len(gallery) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "images, or vectors"),
        ({"images": [], "vectors": unit(1)}, "images, or vectors"),
        ({"vectors": unit(2), "ids": ["0" * 32]}, "1 ids for 2 vectors"),
        ({"vectors": unit(1), "ids": ["x"]}, "32 hexadecimal digits"),
        ({"vectors": unit(2), "camera": ["a"]}, "1 values of camera for 2 pictures"),
        ({"vectors": unit(2) * np.array([[0], [1]])}, "no direction"),
        ({"vectors": unit(2) * np.array([[np.nan], [1]])}, "not finite"),
        ({"vectors": unit(2, dim=9)}, r"shape \(2, 9\)"),
    ],
)
def test_what_cannot_be_added(drawn, options, message):
    with pytest.raises(ValueError, match=message):
        drawn.add(**options)
    assert len(drawn) == 60


def test_sources_that_cannot_be_kept(drawn):
    with pytest.raises(LabelsError, match="has 4100 bytes; expected at most 4096"):
        drawn.add(vectors=unit(1, 7), source="x" * 4100)
    with pytest.raises(LabelsError, match="no UTF-8"):
        drawn.add(vectors=unit(1, 7), source="\udcff")


def test_vectors_of_any_length_are_compared_by_direction(uri):
    with Gallery(uri, SPACE) as gallery:
        gallery.add(vectors=unit(3) * 7)
        assert gallery.search(unit(3)[0] * 3)[0].score == pytest.approx(1, abs=1e-6)


def test_nothing_is_added(drawn):
    assert drawn.add(vectors=unit(0)) == (0, 0, 0)
    assert drawn.add([]) == (0, 0, 0)


# --- other models, other galleries


def test_vectors_of_another_model_are_refused(drawn, uri):
    for dim, fingerprint in ((8, "g"), (9, "g")):
        with pytest.raises(OtherModelError, match="fingerprint f, and these are of g"):
            Gallery(uri, Space(dim, fingerprint))
    for call in (drawn.add, lambda vectors, fingerprint: drawn.search(vectors[0], fingerprint=fingerprint)):
        with pytest.raises(OtherModelError, match="cannot be compared"):
            call(vectors=unit(1), fingerprint="g")
    drawn.add(vectors=unit(1, 3), fingerprint="f")


def test_galleries_beside_each_other(drawn, uri):
    with Gallery(uri, Space(9, "other"), name="others") as others:
        others.add(vectors=unit(2, dim=9))
        assert (len(others), len(drawn)) == (2, 60)
        others.remove([hit.picture.id for hit in others.search(unit(1, dim=9)[0])])
        assert (len(others), len(drawn)) == (0, 60)


def test_an_existing_gallery_needs_no_model_to_be_searched(drawn, uri):
    drawn.close()
    with Gallery(uri) as gallery:
        assert gallery.space == SPACE
        assert sources(gallery.search(unit(60)[9], top=1)) == [9]


def test_a_gallery_that_is_not_there(uri):
    with pytest.raises(GalleryError, match="There is no gallery 'people'"):
        Gallery(uri)
    with pytest.raises(GalleryError, match="Gallery name 'a-b'"):
        Gallery(uri, SPACE, name="a-b")


def test_a_gallery_of_another_format(drawn, uri, monkeypatch):
    drawn.close()
    monkeypatch.setattr("person_search.gallery.FORMAT", "2")
    with pytest.raises(GalleryError, match="is of format 1, this version reads 2"):
        Gallery(uri)


def test_threads_share_a_gallery(drawn):
    failed = []

    def work(seed):
        try:
            for number in range(5):
                drawn.add(vectors=unit(4, 100 * seed + number))
                drawn.search(unit(1)[0])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(drawn) == 60 + 4 * 5 * 4


# --- removing


def in_files(folder, word):
    """Whether a word stands in a file below a folder: in its bytes, or in a column of Parquet, which is compressed."""
    import pyarrow.parquet as parquet

    for path, _, names in os.walk(folder):
        for name in names:
            full = os.path.join(path, name)
            with open(full, "rb") as file:
                if word.encode() in file.read():
                    return True
            if name.endswith(".parquet") and word in str(parquet.read_table(full).to_pydict()):
                return True
    return False


@pytest.mark.parametrize("flushed", [True, False])
def test_a_person_who_is_removed_is_gone(drawn, uri, flushed):
    if flushed:
        drawn.close()
        assert in_files(uri, "/photos/4.jpg")
        drawn = Gallery(uri)
    removed = [hit.picture for hit in drawn.search(unit(1)[0], top=60) if hit.picture.person == "p4"]
    assert drawn.remove(person="p4") == 10
    assert len(drawn) == 50
    assert not drawn.stats().to_erase
    drawn.close()
    for word in ("/photos/4.jpg", removed[0].id, '"p4"', "'p4'"):
        assert not in_files(uri, word), word
    with Gallery(uri) as gallery:
        hits = gallery.search(unit(60)[4], top=60)
        assert sorted(sources(hits)) == [number for number in range(60) if number % 6 != 4]
        assert gallery.count_by("person") == {f"p{number}": 10 for number in (0, 1, 2, 3, 5)}
        assert gallery.remove(person="p4") == 0


def test_removing_by_id_and_source(drawn):
    hit = drawn.search(unit(60)[7], top=1)[0]
    assert drawn.remove([hit.picture.id, "0" * 32]) == 1
    assert drawn.remove(source="/photos/8.jpg") == 1
    assert drawn.remove(source="/photos/8.jpg") == 0
    assert not {7, 8} & set(sources(drawn.search(unit(1)[0], top=60)))
    for wrong in ({}, {"person": "a", "source": "b"}):
        with pytest.raises(ValueError, match="one of the three"):
            drawn.remove(**wrong)


def test_removing_more_than_one_request_finds(drawn, monkeypatch):
    monkeypatch.setattr("person_search.store.MOST_ROWS", 4)
    assert drawn.remove(person="p1", erase=False) == 10
    assert "p1" not in drawn.count_by("person")
    assert drawn.count_by("person")["p2"] == 10


def test_a_removed_picture_may_come_back(drawn):
    drawn.remove(person="p1")
    drawn.add(vectors=unit(60)[1:2], person="p1")
    assert drawn.count_by("person")["p1"] == 1


def test_an_erasure_that_was_cut_off_is_known_and_finished(drawn, uri, monkeypatch):
    alter = drawn._store._client.alter_alias

    def killed(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(drawn._store._client, "alter_alias", killed)
    with pytest.raises(KeyboardInterrupt):
        drawn.remove(person="p4")
    monkeypatch.setattr(drawn._store._client, "alter_alias", alter)
    assert (len(drawn), drawn.stats().to_erase) == (50, True)
    drawn.close()
    with Gallery(uri) as gallery:
        assert gallery.stats().to_erase
        copied = []
        gallery.erase(copied.append)
        assert sum(copied) == 50
        assert not gallery.stats().to_erase
        assert len(gallery) == 50
    assert sorted(os.listdir(os.path.join(uri, "collections"))) == ["people_2", "people_about"]
    assert not in_files(uri, "/photos/4.jpg")


# --- statistics and calibration


def test_stats(drawn, uri):
    drawn.note_folder("/photos")
    stats = drawn.stats()
    assert (stats.uri, stats.name, stats.pictures, stats.dim, stats.fingerprint) == (uri, "people", 60, 8, "f")
    assert stats.cameras == ("c0", "c1", "c2")
    assert [str(day) for day in stats.days] == ["1970-01-01"]
    assert (stats.folders, stats.index, stats.to_erase) == (("/photos",), None, False)
    assert drawn.folders == ("/photos",)
    reported = []
    assert drawn.count_by("camera", reported.append) == {"c0": 20, "c1": 20, "c2": 20}
    assert sum(reported) == 60
    assert drawn.count_by("tracklet") == {None: 60}
    with pytest.raises(ValueError, match="label 'time'; expected one of"):
        drawn.count_by("time")


def test_cameras_are_listed_in_natural_order(drawn):
    drawn.add(vectors=unit(2, 9), camera=["c10", "11"])
    assert drawn.stats().cameras == ("11", "c0", "c1", "c2", "c10")


def test_labelled_pictures(drawn):
    drawn.add(vectors=unit(5, 9))
    pictures, vectors = drawn.labelled(1000)
    assert len(pictures) == 60
    for picture, vector in zip(pictures, vectors, strict=True):
        assert vector == pytest.approx(unit(60)[sources([type("Hit", (), {"picture": picture})])[0]], abs=1e-6)
    assert len(drawn.labelled(7)[0]) == len(drawn.labelled(7)[1]) == 7
