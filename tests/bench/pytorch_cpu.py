"""Time of a training step on the cpu device against PyTorch's eager one, on the same number of threads.

Usage: pytorch_cpu.py MEMSWEEP [--rounds N] [--threads N]. The two take turns; prints the median of each and their
ratio (above 1: memsweep is faster). Without PyTorch it says so and exits 0. Models and loop are those of
tests/golden/pytorch/models.py; the residual net is pytorch_resnet.py's.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# memsweep's name, the same model as models.py takes it (or pytorch_resnet.py), and the batch
MODELS = [
    ("gpt-tiny", {"kind": "gpt", "vocab": 512, "context": 64, "width": 128, "heads": 4, "depth": 2}, 8),
    ("resnet-tiny", {"kind": "resnet", "blocks": [1, 1], "width": 16, "classes": 10, "size": 32}, 32),
    ("conv-tiny", {"kind": "conv", "channels": [3, 16, 32], "classes": 10, "size": 32}, 32),
    ("mlp:784-1024-1024-10", {"kind": "mlp", "widths": [784, 1024, 1024, 10], "act": "relu"}, 256),
]


def memsweep_seconds(program, model, batch, threads):
    with tempfile.TemporaryDirectory() as folder:
        rows = pathlib.Path(folder) / "rows.csv"
        command = [program, "--scenario", "batch-size", "--device", "cpu", "--memory", "1GiB", "--model", model]
        command += ["--batches", str(batch), "--csv", str(rows), "--quiet"]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        lines = [line for line in rows.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        return float(next(csv.DictReader(lines))["step_seconds_median"])


class PytorchStep:
    def __init__(self, torch, models, spec, batch):
        if spec["kind"] == "resnet":
            import pytorch_resnet

            self.model = pytorch_resnet.resnet(spec["blocks"], spec["width"], spec["classes"])
            self.x, self.y = pytorch_resnet.batch_of(batch, spec["size"], spec["classes"])
        else:
            case = {"model": spec, "batch": batch, "precision": "fp32"}
            self.model = models.build_model(case)
            self.x, self.y = models.host_batch(case)
            if self.x.is_floating_point():
                self.x = torch.rand_like(self.x)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01)
        self.loss = models.cross_entropy

    def run(self):
        self.loss(self.model(self.x), self.y).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def seconds(self, steps=15):
        for _ in range(3):
            self.run()
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            self.run()
            times.append(time.perf_counter() - start)
        return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("memsweep")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    try:
        import torch
    except ImportError:
        print("not run: PyTorch is not installed")
        return
    sys.path.insert(0, str(ROOT / "tests/golden/pytorch"))
    import models

    torch.set_num_threads(arguments.threads)
    print(f"PyTorch {torch.__version__}, {arguments.threads} threads, medians of {arguments.rounds} rounds in turn")
    print(f"{'model':<24}{'batch':>6}{'memsweep':>12}{'PyTorch':>12}{'ratio':>8}{'from':>8}{'to':>8}")
    for name, spec, batch in MODELS:
        step = PytorchStep(torch, models, spec, batch)
        pairs = []
        for _ in range(arguments.rounds):
            pairs.append((memsweep_seconds(arguments.memsweep, name, batch, arguments.threads), step.seconds()))
        ours, theirs = (statistics.median(column) for column in zip(*pairs))
        ratios = sorted(b / a for a, b in pairs)
        print(
            f"{name:<24}{batch:>6}{1e3 * ours:>10.2f}ms{1e3 * theirs:>10.2f}ms"
            f"{statistics.median(ratios):>8.2f}{ratios[0]:>8.2f}{ratios[-1]:>8.2f}"
        )


if __name__ == "__main__":
    main()
