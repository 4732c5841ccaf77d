from types import SimpleNamespace

import torch
from fastreid.engine.hooks import AutogradProfiler


def test_the_steps_asked_for_are_profiled_and_no_others(tmp_path):
    hook = AutogradProfiler(lambda trainer: trainer.iter in (1, 3), str(tmp_path))
    for step in range(5):
        hook.trainer = SimpleNamespace(iter=step)
        hook.before_step()
        (torch.ones(2) * 2).sum()
        hook.after_step()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "profiler-trace-iter1.json",
        "profiler-trace-iter3.json",
    ]


def test_without_cuda_the_cpu_is_profiled(tmp_path, monkeypatch):
    started = []

    class Profile:
        def __init__(self, activities):
            started.append([one.name for one in activities])

        def __enter__(self):
            return self

    monkeypatch.setattr(torch.profiler, "profile", Profile)
    for cuda in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        hook = AutogradProfiler(lambda trainer: True, str(tmp_path))
        hook.trainer = SimpleNamespace(iter=0)
        hook.before_step()
    assert started == [["CPU"], ["CPU", "CUDA"]]
