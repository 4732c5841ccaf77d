"""The paper's ablation (Table II) as a study: several variants over several seeds, unattended."""

from .data_notes import data_notes, steps_per_epoch
from .report import write_report
from .runner import StudyError, run_all
from .runs import check_same_study, plan_runs
from .variants import VARIANTS

__all__ = [
    "VARIANTS",
    "StudyError",
    "check_same_study",
    "data_notes",
    "plan_runs",
    "run_all",
    "steps_per_epoch",
    "write_report",
]
