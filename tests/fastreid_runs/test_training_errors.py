import logging

import pytest
import torch

from datasets_ext import DatasetError
from fastreid_runs import TrainingError
from fastreid_runs.processes import ProcessLostError
from fastreid_runs.training_errors import as_user_error, without_tracebacks

OUT_OF_MEMORY = RuntimeError("[alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (FloatingPointError("Loss became infinite or NaN at iteration=3!\nloss_dict = {}"), TrainingError, "BASE_LR"),
        (torch.OutOfMemoryError("CUDA out of memory"), TrainingError, "memory ran out. Lower SOLVER.IMS_PER_BATCH"),
        (OUT_OF_MEMORY, TrainingError, "memory ran out"),
        (OSError(28, "No space left on device", "model.pth"), TrainingError, "model.pth: No space left on device"),
        (RuntimeError("[gloo] Connection closed by peer [::1]:3"), ProcessLostError, "another process"),
        (DatasetError("x.jpg is no image"), DatasetError, "x.jpg is no image"),
    ],
)
def test_what_a_user_can_act_on(error, kind, message):
    found = as_user_error(error)
    assert isinstance(found, kind)
    assert message in found.sentence
    assert "\n" not in found.sentence


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("shapes cannot be multiplied"), OSError("x")])
def test_faults_of_ours_are_no_sentences(error):
    assert as_user_error(error) is None


def test_the_host_logs_a_mistake_without_a_traceback(caplog):
    without_tracebacks()
    without_tracebacks()
    logger = logging.getLogger("fastreid.engine.train_loop")
    for error in (DatasetError("x.jpg is no image"), KeyError("a fault")):
        try:
            raise error
        except Exception:
            logger.exception("Exception during training:")
    mistake, fault = caplog.records
    assert mistake.getMessage() == "Training stops: x.jpg is no image"
    assert mistake.exc_info is None
    assert fault.getMessage() == "Exception during training:"
    assert fault.exc_info
