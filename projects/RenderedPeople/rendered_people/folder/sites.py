"""Sites: places with scenes, cameras and people of their own, some of which training never sees."""

import zlib
from dataclasses import dataclass

import numpy as np

from rendered_people.folder.parameters import BenchmarkParameters


@dataclass(frozen=True)
class Site:
    """One site, and how its people and cameras are numbered in the whole benchmark.

    Within a site people and cameras count from 0. In the benchmark training and test people of the seen sites come
    first, site by site, then their validation people, then the people of unseen sites: no two people of one seed share
    a number, in either split, and training people have the same one in both.

    Attributes:
        seen: Whether some of its people are trained on.
        seed: What its streams are drawn from. That of the first site is the benchmark's. A site's pictures do not
            depend on how many others there are.
        train_people: People to train on; none of an unseen site.
        evaluated_people: People that queries and gallery show.
        first_camera: Number in the benchmark of its first camera.
        first_person: Number in the benchmark of its first training person.
        first_evaluated: Number in the benchmark of its first evaluated person.
    """

    seen: bool
    seed: int
    train_people: range
    evaluated_people: range
    first_camera: int
    first_person: int
    first_evaluated: int

    def person_number(self, person: int) -> int:
        """Number in the benchmark, from 0, of a person of this site."""
        if person in self.train_people:
            return self.first_person + person
        return self.first_evaluated + person - self.evaluated_people.start

    def camera_number(self, camera: int) -> int:
        """Number in the benchmark, from 0, of a camera of this site."""
        return self.first_camera + camera


def benchmark_sites(parameters: BenchmarkParameters) -> list[Site]:
    """The sites of a benchmark, those that training sees first.

    Args:
        parameters: What the benchmark is made from.

    Returns:
        `sites` + `unseen_sites` of them.
    """
    validates = parameters.split == "validation"
    people, train, evaluated = parameters.people, parameters.train_count, parameters.evaluated_count
    seen, unseen = parameters.sites, parameters.unseen_sites
    sites = []
    for index in range(seen):
        first = index * people
        sites.append(
            Site(
                seen=True,
                seed=_site_seed(parameters.seed, "site", index) if index else parameters.seed,
                train_people=range(train),
                evaluated_people=range(people, people + evaluated) if validates else range(train, people),
                first_camera=index * parameters.cameras,
                first_person=first,
                first_evaluated=seen * people + index * evaluated if validates else first + train,
            )
        )
    # Other sites for each split: who chooses on a site has seen it.
    skipped = unseen if validates else 0
    for index in range(unseen):
        first = seen * (people + evaluated) + (skipped + index) * evaluated
        sites.append(
            Site(
                seen=False,
                seed=_site_seed(parameters.seed, f"unseen {parameters.split} site", index),
                train_people=range(0),
                evaluated_people=range(evaluated),
                first_camera=(seen + skipped + index) * parameters.cameras,
                first_person=first,
                first_evaluated=first,
            )
        )
    return sites


def _site_seed(seed: int, kind: str, index: int) -> int:
    """Seed in [0, 2**64) of one site."""
    key = zlib.crc32(kind.encode()), index
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)[0])
