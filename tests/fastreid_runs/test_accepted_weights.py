"""Which weights a model takes, of any project."""

from typing import ClassVar

import torch
from torch import nn

from fastreid_runs import AcceptsWeights
from fastreid_runs.accepted_weights import current_names


class Model(AcceptsWeights):
    """A backbone and a classifier, which an earlier version called net and fc."""

    renamed: ClassVar = {"net.": "backbone.", "fc.": "head."}
    classifiers = ("head.weight",)

    def __init__(self, people):
        super().__init__()
        self.backbone = nn.Linear(2, 3)
        self.head = nn.Linear(3, people, bias=False)


def test_former_names_load_into_a_model_and_into_one_that_holds_it():
    trained, model = Model(5), nn.ModuleDict({"inside": Model(5)})
    former = {"net.weight": "backbone.weight", "net.bias": "backbone.bias", "fc.weight": "head.weight"}
    weights = {f"inside.{old}": trained.state_dict()[new] for old, new in former.items()}
    model.load_state_dict(weights)
    assert torch.equal(model["inside"].backbone.weight, trained.backbone.weight)
    assert torch.equal(model["inside"].head.weight, trained.head.weight)


def test_versions_of_layers_are_renamed_along():
    state = Model(5).state_dict()
    state._metadata["net"] = {"version": 9}
    assert current_names(state, Model.renamed)._metadata["backbone"] == {"version": 9}


def test_a_training_may_start_without_whole_parts_alone():
    model = Model(5)
    missing = ["backbone.weight", "backbone.bias", "head.weight"]
    assert model.needed(missing, [], starting=True) == []
    assert model.needed(missing, [], starting=False) == missing[:2]
    assert model.needed(missing[1:], ["backbone.weight"], starting=True) == ["backbone.bias"]
    assert model.foreign(["neck.weight"]) == ["neck.weight"]


def test_identities_are_rows_of_a_classifier():
    assert Model.num_identities(Model(5).state_dict()) == 5
    assert Model.num_identities({"backbone.weight": torch.zeros(3, 2)}) == 0
