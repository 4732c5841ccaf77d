"""The paper's ablation (Table II): several variants over several seeds, unattended."""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)

from .plan import Trial, plan_trials
from .report import write_report
from .settings import DataFacts, check_same_settings
from .variants import VARIANTS

__all__ = ["VARIANTS", "DataFacts", "Trial", "check_same_settings", "plan_trials", "write_report"]
