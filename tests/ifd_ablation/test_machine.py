import os
import platform

from ifd_ablation.machine import machine, software


def test_machine_and_software_are_named():
    assert f", {os.cpu_count()} cores, " in machine()
    assert not machine().startswith(",")
    assert software().startswith(f"Python {platform.python_version()}, torch ")
