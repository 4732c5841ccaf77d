"""Kills trainings, resumes them, and compares what they end with, bit for bit, with a training that nobody killed.

    python tests/reliability/kills.py --kills 100

A third of the kills come at a write (each place where a training opens, renames, cuts or removes a file below its
folder, one after the other), a third in the middle of what it writes to a checkpoint, a third at random times; every
fourth training is killed a second time while it resumes. A tiny model is trained in both stages on a tiny data set, in
processes forked from this one.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

# isort: off
import fastreid_compat  # noqa: F401
from fastreid.utils.env import seed_all_rng

# isort: on
import torch

from ifd.engine import load_config, train

ROOT = Path(__file__).parents[2]
CONFTEST = Path(__file__).parents[1] / "conftest.py"
STAGES = ("attention_stream", ".")
KINDS = ("at a write", "within a write", "at a random time")
OUTCOMES = ("bit-equal", "differing", "failed")
# Random numbers wherever a training can draw them, and a checkpoint after each epoch, of which the newest stays.
OPTIONS = [
    "INPUT.REA.ENABLED", True, "INPUT.CJ.ENABLED", True, "INPUT.RPT.ENABLED", True, "INPUT.AFFINE.ENABLED", True,
    "SOLVER.MAX_EPOCH", 3, "SOLVER.STEPS", [2], "IFD.STAGE1.MAX_EPOCH", 2, "TEST.EVAL_PERIOD", 2,
    "IFD.KEEP_CHECKPOINTS", 1,
]  # fmt: skip


def differences(one, other, path=""):
    """Names of the places where two nested values are not the same to the last bit."""
    if isinstance(one, torch.Tensor):
        same = isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
        return [] if same else [path]
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        return [found for key in one for found in differences(one[key], other[key], f"{path}/{key}")]
    if isinstance(one, list | tuple) and type(one) is type(other) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for i, (mine, theirs) in pairs for found in differences(mine, theirs, f"{path}/{i}")]
    return [] if one == other else [path]


def left_by(folder):
    """What a finished training leaves that can be compared: the checkpoints and the evaluations of both stages."""
    found = {}
    for stage in STAGES:
        for name in ("model_final.pth", "model_best.pth"):
            checkpoint = torch.load(Path(folder, stage, name), weights_only=True)
            # Without the record of the run, which may load images with other workers.
            found[f"{stage}/{name}"] = {key: value for key, value in checkpoint.items() if key != "run"}
        for path in sorted(Path(folder, stage).glob("results_*.json")):
            found[f"{stage}/{path.name}"] = json.loads(path.read_text())
    return found


class Mortal:
    """Counts the writes below a folder in this process, and kills it at one of them.

    Args:
        folder: of the run.
        at: number of the write, from 1, before which it dies; None: it does not.
        within: number of the piece of a checkpoint in the middle of which it dies; None: it does not.
    """

    def __init__(self, folder, at=None, within=None):
        self._folder = os.path.abspath(folder)
        self._at, self._within = at, within
        self.writes = self.pieces = 0

    def install(self):
        sys.addaudithook(self._hear)
        with contextlib.suppress(ImportError):  # a version that writes otherwise
            from datasets_ext import files

            files.open = self._open

    def _open(self, path, mode):
        file = open(path, mode)  # noqa: SIM115
        return _Counted(file, self) if mode == "wb" else file

    def _hear(self, event, arguments):
        writes = event in ("os.rename", "os.remove", "os.truncate", "os.mkdir") or (
            event == "open" and set("wax+") & set(str(arguments[1] or ""))
        )
        if writes and isinstance(arguments[0], str) and os.path.abspath(arguments[0]).startswith(self._folder):
            self.writes += 1
            if self.writes == self._at:
                os.kill(os.getpid(), signal.SIGKILL)

    def piece(self, file, data):
        self.pieces += 1
        if self.pieces == self._within:
            file.write(data[: len(data) // 2])
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)


class _Counted:
    """An open file that tells a Mortal of each piece that is written to it."""

    def __init__(self, file, mortal):
        self._file, self._mortal = file, mortal

    def write(self, data):
        self._mortal.piece(self._file, data)
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()


class Campaign:
    """A training that nobody kills, and what to compare with it.

    Args:
        folder: for the data set and the runs.
        seed: of places and times of the kills.

    Attributes:
        folder: where they are.
        writes, pieces: that the training makes, see Mortal.
        seconds: that it takes.
    """

    def __init__(self, folder, seed=0):
        torch.set_num_threads(1)  # before a fork: threads do not cross it
        self.folder = Path(folder)
        self._random = random.Random(seed)
        spec = importlib.util.spec_from_file_location("tiny_runs", CONFTEST)
        self._tiny = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._tiny)
        self._tiny.write_prcc(self.folder / "datasets")
        started = time.monotonic()
        ended = self.train(self.folder / "reference")
        if ended != "done":
            raise RuntimeError(ended)
        self.seconds = time.monotonic() - started
        self.writes, self.pieces = json.loads((self.folder / "reference.counts").read_text())
        self._reference = left_by(self.folder / "reference")

    def train(self, output, resume=False, seconds=None, options=(), **death):
        """Trains in a process of its own.

        Args:
            output: folder of the run.
            resume: as of `ifd.engine.train`.
            seconds: after which it is killed.
            options: of the config.
            death: of Mortal.

        Returns:
            "done", "killed", or what went wrong.
        """
        process = os.fork()
        if process == 0:
            self._train_here(output, resume, options, Mortal(output, **death))
        if seconds is not None:
            time.sleep(seconds)
            os.kill(process, signal.SIGKILL)  # not yet waited for, so it is no other's
        _, status = os.waitpid(process, 0)
        if os.WIFSIGNALED(status):
            return "killed"
        return "done" if os.WEXITSTATUS(status) == 0 else self._beside(output, "txt").read_text()[-3000:]

    def _beside(self, output, kind):
        # Not on the disk of the run, which may be one that cannot be written.
        return self.folder / f"{output.name}.{kind}"

    def _train_here(self, output, resume, options, mortal):
        code = 1
        try:
            log = open(self._beside(output, "txt"), "w", buffering=1)  # noqa: SIM115
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            sys.stdout = sys.stderr = log
            os.environ["FASTREID_DATASETS"] = str(self.folder / "datasets")
            cfg = load_config(str(ROOT / "configs" / "IFD_R50.yml"), self._tiny.tiny_options(output))
            cfg.merge_from_list([*OPTIONS, *options])
            mortal.install()
            seed_all_rng(cfg.IFD.SEED)  # as the command does
            train(cfg, resume=resume)
            self._beside(output, "counts").write_text(json.dumps([mortal.writes, mortal.pieces]))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)

    def kill(self, number, kind, place=None):
        """Kills a training, resumes it to its end and compares.

        Args:
            number: of the kill, for its folder; every fourth training is killed again as it resumes.
            kind: of KINDS.
            place: number of the write or piece; random without.

        Returns:
            (outcome of OUTCOMES, what differs or went wrong).
        """
        output = self.folder / f"kill_{number:03d}"
        ends = [self.train(output, **self._death(kind, place))]
        if number % 4 == 3:
            ends.append(self.train(output, resume=True, **self._death("at a random time", None)))
        # Not how many workers load the images, nor how far they are ahead, changes anything.
        ends.append(self.train(output, resume=True, options=["DATALOADER.NUM_WORKERS", number % 3]))
        wrong = [end for end in ends if end not in ("done", "killed")] or ([] if ends[-1] == "done" else [ends[-1]])
        if wrong:
            return "failed", wrong[0]
        found = differences(self._reference, left_by(output))
        shutil.rmtree(output)
        return ("differing", ", ".join(found[:3])) if found else ("bit-equal", "")

    def _death(self, kind, place):
        if kind == "at a write":
            return {"at": place or self._random.randint(1, self.writes)}
        if kind == "within a write":
            return {"within": place or self._random.randint(1, max(1, self.pieces))}
        return {"seconds": self._random.uniform(0, self.seconds)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", help="for the runs; a temporary one without")
    arguments = parser.parse_args()
    counts = {kind: dict.fromkeys(OUTCOMES, 0) for kind in KINDS}
    with tempfile.TemporaryDirectory() as temporary:
        campaign = Campaign(arguments.folder or temporary, arguments.seed)
        print(f"a training: {campaign.seconds:.1f} s, {campaign.writes} writes, {campaign.pieces} pieces", flush=True)
        kinds = KINDS if campaign.pieces else ("at a write", "at a random time")
        # Evenly over all writes, so that with enough kills none is left out.
        shares = -(-arguments.kills // len(kinds))
        for number in range(arguments.kills):
            kind = kinds[number % len(kinds)]
            place = 1 + (number // len(kinds)) * campaign.writes // shares if kind == "at a write" else None
            outcome, why = campaign.kill(number, kind, place)
            counts[kind][outcome] += 1
            if why:
                print(f"kill {number} {kind} {place or ''}: {outcome}: {why}", flush=True)
    print("| killed | kills | resumed bit-equal | differing | failed |\n| --- | --- | --- | --- | --- |")
    for kind, of_kind in [*counts.items(), ("all", {name: sum(c[name] for c in counts.values()) for name in OUTCOMES})]:
        print(f"| {kind} | {sum(of_kind.values())} | {' | '.join(str(of_kind[name]) for name in OUTCOMES)} |")
    return 0 if sum(c["bit-equal"] for c in counts.values()) == arguments.kills else 1


if __name__ == "__main__":
    sys.exit(main())
