import multiprocessing
import os
import signal
import time
from dataclasses import replace
from multiprocessing.context import SpawnContext

import pytest
from PIL import Image

from rendered_people import RenderingError
from rendered_people.folder.layouts import planned_files
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.workers import checked_workers, cores, render_shots

FEW = BenchmarkParameters(people=4, outfits=2, images_per_view=2, height=64, width=32)


def test_workers_are_the_cores_or_as_many_as_asked_for():
    assert checked_workers(None) == cores() >= 1
    assert checked_workers(1) == 1
    assert checked_workers(8 * cores()) == 8 * cores()


@pytest.mark.parametrize("workers", [0, -1, 2.5, "two", 10**6])
def test_a_number_of_workers_out_of_range_is_refused(workers):
    with pytest.raises(RenderingError, match=f"workers is {workers}; it must be at (least|most)"):
        checked_workers(workers)


def test_nothing_missing_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("rendered_people.folder.workers._Renderer", lambda *_: pytest.fail("opened a renderer"))
    assert list(render_shots(FEW, tmp_path, {}, 1)) == []


def test_where_no_lock_can_be_made_the_message_names_the_place(tmp_path, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(SpawnContext, "Lock", full)
    with pytest.raises(RenderingError, match="No space left on device.*/dev/shm.*--workers 1"):
        list(render_shots(FEW, tmp_path, planned_files(FEW), 2))


@pytest.mark.slow
def test_a_worker_that_dies_is_told_and_none_stays_behind(tmp_path):
    shots = render_shots(FEW, tmp_path, planned_files(FEW), 2)
    next(shots)
    workers = multiprocessing.active_children()
    assert len(workers) == 2
    os.kill(workers[0].pid, signal.SIGKILL)
    start = time.monotonic()
    with pytest.raises(RenderingError, match="a worker process died .*the same command goes on"):
        list(shots)
    assert time.monotonic() - start < 60, "the message came too late"
    assert not multiprocessing.active_children()


def test_varied_sites_are_rendered_as_their_seeds_say(rendered_body, tmp_path):
    varied = replace(FEW, varied_sites=1)
    few = dict(list(planned_files(varied).items())[:4])
    for folder in ("one", "two"):
        assert sum(render_shots(varied, tmp_path / folder, few, 1)) == 4
    paths = [image for pairs in few.values() for image, _ in pairs]
    assert [(tmp_path / "one" / path).read_bytes() for path in paths] == [
        (tmp_path / "two" / path).read_bytes() for path in paths
    ]
    sizes = {Image.open(tmp_path / "one" / path).size for path in paths}
    assert len(sizes) > 1
    assert planned_files(varied) == planned_files(FEW)
