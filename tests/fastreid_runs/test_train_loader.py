"""Loaders of any data set, whose every epoch follows its seed."""

import pytest
import torch

from fastreid_runs.run_keys import run_config
from fastreid_runs.seeding import SeededIndex
from fastreid_runs.train_loader import SeededDataset, batch_bytes, build_loader, sampler_builder


class People:
    """Four images of each of four people; an image is a random number."""

    num_classes, num_cameras = 4, 2

    def __init__(self):
        self.img_items = [(f"{person}_{image}.jpg", person, image % 2) for person in range(4) for image in range(4)]

    def __len__(self):
        return len(self.img_items)

    def __getitem__(self, index):
        return {"images": torch.rand(1), "index": int(index), "targets": self.img_items[index][1]}


@pytest.fixture
def cfg():
    cfg = run_config()
    options = {"SOLVER.IMS_PER_BATCH": 8, "DATALOADER.NUM_INSTANCE": 4, "DATALOADER.NUM_WORKERS": 0}
    cfg.merge_from_list([item for pair in options.items() for item in pair])
    cfg.DATALOADER.SAMPLER_TRAIN = "NaiveIdentitySampler"
    return cfg


def batches(cfg, count=4, **kwargs):
    loader = iter(build_loader(cfg, SeededDataset(People()), **{"seed": 1, "stage": 1, **kwargs}))
    return [next(loader) for _ in range(count)]


def test_what_an_epoch_shows_follows_seed_and_stage(cfg):
    first, again = batches(cfg), batches(cfg)
    for key in ("index", "images"):
        assert all(torch.equal(one[key], other[key]) for one, other in zip(first, again, strict=True))
    for other in (batches(cfg, seed=2), batches(cfg, stage=2)):
        assert not torch.equal(first[0]["images"], other[0]["images"])
    # Two people, four images each.
    assert [len(set(batch["targets"].tolist())) for batch in first] == [2] * 4


def test_an_index_with_a_seed_leaves_the_process_as_it_was():
    data = SeededDataset(People())
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    drawn = [data[SeededIndex(3, 7)]["images"] for _ in range(2)]
    assert torch.equal(*drawn)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["SOLVER.IMS_PER_BATCH", 32], "16 training images do not fill one batch of SOLVER.IMS_PER_BATCH 32; lower it"),
        (["DATALOADER.SAMPLER_TRAIN", "Random"], "DATALOADER.SAMPLER_TRAIN is 'Random'; expected one of .*Training"),
    ],
)
def test_what_cannot_be_sampled_is_refused(cfg, options, message):
    cfg.merge_from_list(options)
    with pytest.raises(ValueError, match=message):
        batches(cfg)


def test_a_project_may_have_samplers_of_its_own(cfg):
    cfg.DATALOADER.SAMPLER_TRAIN = "Backwards"
    own = {"Backwards": lambda seed: [seed, *range(15, 0, -1)]}
    assert list(sampler_builder(cfg, People().img_items, 8, own)(3))[:3] == [3, 15, 14]
    cfg.DATALOADER.SAMPLER_TRAIN = "Forwards"
    with pytest.raises(ValueError, match="expected one of Backwards, TrainingSampler"):
        sampler_builder(cfg, People().img_items, 8, own)


def test_bytes_of_a_batch():
    assert batch_bytes([256, 128], 64) == torch.zeros(64, 3, 256, 128).nbytes
    assert batch_bytes([8, 4], 2, channels=4) == torch.zeros(2, 4, 8, 4).nbytes
