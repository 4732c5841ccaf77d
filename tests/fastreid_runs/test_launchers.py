"""Environments of torchrun, SLURM and Kubernetes, and those that are none."""

import sys

import pytest

from fastreid_runs.launchers import LaunchError, Place, first_host, interface_towards, is_first_by_name, placed

TORCHRUN = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "GROUP_RANK": "1",
    "MASTER_ADDR": "host",
    "MASTER_PORT": "29500",
}
SRUN = {
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_NTASKS": "4",
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_JOB_ID": "40007",
    "SLURM_STEP_ID": "0",
    "SLURM_STEP_NODELIST": "gpu[07-08]",
}


def without(environment, *names):
    return {name: value for name, value in environment.items() if name not in names}


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        (TORCHRUN, Place("torchrun", 3, 4, 1, 1, "host", 29500)),
        # One process a pod.
        (
            without(TORCHRUN, "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK"),
            Place("torchrun", 3, 4, 0, 3, "host", 29500),
        ),
        (without(TORCHRUN, "GROUP_RANK"), Place("torchrun", 3, 4, 1, 2, "host", 29500)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, Place("torchrun", 0, 1, 0, 0)),
        (SRUN, Place("srun", 3, 4, 1, 1, "gpu07", 10007)),
        # A second step of the same job listens elsewhere.
        ({**SRUN, "SLURM_STEP_ID": "1"}, Place("srun", 3, 4, 1, 1, "gpu07", 11016)),
        # Exported by many a batch script.
        (
            {**SRUN, "WORLD_SIZE": "4", "MASTER_ADDR": "other", "MASTER_PORT": "1234"},
            Place("srun", 3, 4, 1, 1, "other", 1234),
        ),
        # torchrun, started by srun.
        ({**SRUN, **TORCHRUN}, Place("torchrun", 3, 4, 1, 1, "host", 29500)),
        ({}, None),
        ({"MASTER_ADDR": "host", "MASTER_PORT": "1"}, None),
        ({"WORLD_SIZE": "1"}, None),
        # A batch script, which SLURM starts once; an interactive shell.
        (without(SRUN, "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID"), None),
        ({**SRUN, "SLURM_STEP_NUM_TASKS": "1"}, None),
    ],
)
def test_a_process_knows_its_place(environment, place):
    assert placed(environment) == place


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE=2, but no RANK; .* torchrun sets RANK"),
        ({"RANK": "0"}, "RANK=0, but no WORLD_SIZE"),
        ({"LOCAL_RANK": "0"}, "LOCAL_RANK=0, but no RANK and no WORLD_SIZE"),
        (without(TORCHRUN, "LOCAL_RANK"), "no LOCAL_RANK"),
        (without(TORCHRUN, "MASTER_ADDR"), "torchrun started 4 processes, but .* no MASTER_ADDR"),
        ({**TORCHRUN, "MASTER_ADDR": ""}, "no MASTER_ADDR"),
        (without(TORCHRUN, "MASTER_PORT"), "no MASTER_PORT"),
        ({**TORCHRUN, "MASTER_PORT": "70000"}, "MASTER_PORT is '70000' .* expected a whole number from 1 to 65535"),
        ({**TORCHRUN, "RANK": "4"}, "RANK is '4' .* from 0 to 3"),
        ({**TORCHRUN, "RANK": "-1"}, "RANK is '-1'"),
        ({**TORCHRUN, "RANK": "one"}, "RANK is 'one'"),
        ({**TORCHRUN, "WORLD_SIZE": "0"}, "WORLD_SIZE is '0' .* from 1"),
        ({**TORCHRUN, "LOCAL_RANK": "2"}, "LOCAL_RANK is '2' .* from 0 to 1"),
        ({**TORCHRUN, "LOCAL_WORLD_SIZE": "5"}, "LOCAL_WORLD_SIZE is '5' .* from 1 to 4"),
        (without(SRUN, "SLURM_LOCALID"), "no SLURM_LOCALID"),
        (without(SRUN, "SLURM_STEP_NODELIST"), "srun started 4 processes, but .* no MASTER_ADDR"),
        ({**SRUN, "SLURM_PROCID": "4"}, "SLURM_PROCID is '4'"),
    ],
)
def test_an_environment_that_cannot_be_is_refused(environment, message):
    with pytest.raises(LaunchError, match=message):
        placed(environment)


@pytest.mark.parametrize(
    ("hosts", "first"),
    [
        ("node", "node"),
        ("node1,node2", "node1"),
        ("node[03-07,12],other", "node03"),
        ("rack[1-2]node[10,12]", "rack1node10"),
        ("gpu-[9].cluster", "gpu-9.cluster"),
        ("", ""),
    ],
)
def test_first_of_a_list_of_nodes(hosts, first):
    assert first_host(hosts) == first


def test_one_process_speaks_for_all():
    assert is_first_by_name({})
    assert is_first_by_name({**TORCHRUN, "RANK": "0"})
    assert not is_first_by_name(TORCHRUN)
    assert not is_first_by_name(SRUN)
    # In a batch script there is no other.
    assert is_first_by_name({**without(SRUN, "SLURM_STEP_NUM_TASKS"), "SLURM_PROCID": "3"})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system does not tell")
def test_the_interface_that_reaches_an_address():
    assert interface_towards("127.0.0.1") == "lo"
    assert interface_towards("no such host, surely") == ""
