"""The machine and software that figures were measured with, for their reports."""

import os
import platform

import torch


def machine() -> str:
    """Processor, cores and GPU."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{_processor()}, {os.cpu_count()} cores, {gpu}"


def software() -> str:
    """Versions of Python and torch."""
    return f"Python {platform.python_version()}, torch {torch.__version__}"


def _processor() -> str:
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
