from dataclasses import replace

import pytest

from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.sites import benchmark_sites

SEVERAL = BenchmarkParameters(people=7, sites=3, unseen_sites=2)


def numbers(sites, *, training, seen):
    people = [(site, person) for site in sites if site.seen == seen for person in site.evaluated_people]
    if training:
        people = [(site, person) for site in sites for person in site.train_people]
    return [site.person_number(person) for site, person in people]


@pytest.mark.parametrize(("split", "evaluated"), [("test", range(4, 7)), ("validation", range(7, 10))])
def test_one_site_numbers_people_and_cameras_as_they_are(split, evaluated):
    (site,) = benchmark_sites(BenchmarkParameters(people=7, seed=5, split=split))
    assert (site.seen, site.seed) == (True, 5)
    assert (site.train_people, site.evaluated_people) == (range(4), evaluated)
    for person in (*site.train_people, *site.evaluated_people):
        assert site.person_number(person) == person
    assert [site.camera_number(camera) for camera in range(3)] == [0, 1, 2]


def test_people_are_numbered_on_from_site_to_site():
    sites = benchmark_sites(SEVERAL)
    assert numbers(sites, training=True, seen=True) == [0, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 17]
    assert numbers(sites, training=False, seen=True) == [4, 5, 6, 11, 12, 13, 18, 19, 20]
    # 21 to 29 are the validation people of the three seen sites.
    assert numbers(sites, training=False, seen=False) == [30, 31, 32, 33, 34, 35]
    validation = benchmark_sites(replace(SEVERAL, split="validation"))
    assert numbers(validation, training=True, seen=True) == numbers(sites, training=True, seen=True)
    assert numbers(validation, training=False, seen=True) == list(range(21, 30))
    assert numbers(validation, training=False, seen=False) == list(range(36, 42))


def test_cameras_are_numbered_on_from_site_to_site():
    sites = benchmark_sites(SEVERAL)
    assert [site.camera_number(camera) for site in sites for camera in range(3)] == list(range(15))
    validation = benchmark_sites(replace(SEVERAL, split="validation"))
    unseen = [site.camera_number(camera) for site in validation if not site.seen for camera in range(3)]
    assert unseen == list(range(15, 21))


def test_training_sees_no_unseen_site_and_none_is_seen_in_both_splits():
    splits = [benchmark_sites(replace(SEVERAL, split=split)) for split in ("test", "validation")]
    for sites in splits:
        assert [site.seen for site in sites] == [True] * 3 + [False] * 2
        assert all(len(site.train_people) == 4 * site.seen for site in sites)
        assert all(len(site.evaluated_people) == 3 for site in sites)
    seeds = [{site.seed for site in sites if not site.seen} for sites in splits]
    assert len(seeds[0] | seeds[1] | {site.seed for site in splits[0] if site.seen}) == 7
    assert [site.seed for site in splits[0] if site.seen] == [site.seed for site in splits[1] if site.seen]


def test_a_site_does_not_depend_on_how_many_others_there_are():
    few = benchmark_sites(BenchmarkParameters(unseen_sites=1))
    many = benchmark_sites(BenchmarkParameters(sites=4, unseen_sites=2))
    assert few[0].seed == many[0].seed == 0
    assert few[1].seed == many[4].seed
    assert benchmark_sites(BenchmarkParameters(sites=2))[1].seed == many[1].seed
    assert benchmark_sites(BenchmarkParameters(sites=2, seed=1))[1].seed != many[1].seed
