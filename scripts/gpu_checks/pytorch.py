"""A training step beside PyTorch's eager one: time and peak, in turns."""

import importlib.metadata
import importlib.util
import json
import statistics
import sys

from gpu_checks import program
from gpu_checks.check import NotRun, Outcome, passed, write_table

# Name, memsweep's options, the case as tests/golden/pytorch/models.py takes it.
STEPS = [
    ("mlp-b256", "--model sequential:784-4096-4096-10", {"model": {"kind": "mlp", "widths": [784, 4096, 4096, 10], "act": "relu"}, "batch": 256}),
    ("mlp-b4096", "--model sequential:784-4096-4096-10", {"model": {"kind": "mlp", "widths": [784, 4096, 4096, 10], "act": "relu"}, "batch": 4096}),
    (
        "mlp-b4096-bf16",
        "--model sequential:784-4096-4096-10 --precision bf16",
        {"model": {"kind": "mlp", "widths": [784, 4096, 4096, 10], "act": "relu"}, "batch": 4096, "precision": "bf16"},
    ),
]
ROUNDS = 3
RELEASES = ("2.11", "2.13", "2.15")

# Prints seconds of a step and the peak of allocated bytes, a line for each case.
EAGER = """
import gc, json, statistics, sys, time
sys.path.insert(0, sys.argv[1])
import models, torch
if not torch.cuda.is_available():
    sys.exit("no GPU")
for case in json.loads(sys.argv[2]):
    case = {"precision": "fp32", **case}
    dtype = torch.bfloat16 if case["precision"] == "bf16" else torch.float32
    model = models.build_model(case).to("cuda", dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    torch.cuda.reset_peak_memory_stats()
    times = []
    for step in range(40):
        x = torch.randn(case["batch"], case["model"]["widths"][0], device="cuda", dtype=dtype)
        y = torch.randint(10, (case["batch"],), device="cuda")
        torch.cuda.synchronize()
        start = time.perf_counter()
        output = model(x)
        loss = models.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    print(json.dumps([statistics.median(times[10:]), torch.cuda.max_memory_allocated()]), flush=True)
    del model, optimizer, x, y, output, loss
    gc.collect()
"""


def beside_pytorch(place):
    """Passes where no step takes longer than PyTorch's, nor another peak of memory."""
    if importlib.util.find_spec("torch") is None:
        raise NotRun(f"{sys.executable} has no PyTorch")
    turns, remarks = place.each([(turn,) for turn in range(ROUNDS)], lambda turn: list(one_turn(place, turn)))
    rows = [row for turn in turns for row in turn]
    if not rows:
        return Outcome(False, "; ".join(remarks))
    write_table(place.out / "beside-pytorch.csv", ("step", "turn", "seconds", "pytorch_seconds", "peak_bytes", "pytorch_peak_bytes"), rows)
    findings, slowest, same = [], 0.0, True
    for name, _, _ in STEPS:
        ratios = [ours / theirs for step, _, ours, theirs, _, _ in rows if step == name]
        peaks = sorted({ours - theirs for step, _, _, _, ours, theirs in rows if step == name})
        same = same and peaks == [0]
        slowest = max(slowest, statistics.median(ratios))
        findings.append(f"{name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), peak differs by {peaks} B")
    return Outcome(slowest <= 1 and same and passed(remarks), "step time as a share of PyTorch's: " + "; ".join([*findings, *remarks]))


def one_turn(place, turn):
    theirs = eager(place)
    for (name, options, case), (seconds, peak) in zip(STEPS, theirs):
        common = ["--scenario", "batch-size", "--pytorch", release(), "--batches", case["batch"], *options.split()]
        (row,), _ = program.sweep(place, f"beside-pytorch-{name}-{turn}", place.device, *common)
        if row["outcome"] != "ok":
            raise RuntimeError(f"{name}: {row['message']}")
        yield name, turn, float(row["step_seconds_median"]), seconds, int(row["peak_allocated_bytes"]), peak


def release():
    """The newest one that memsweep follows and the PyTorch of here is not older than."""
    minor = int(importlib.metadata.version("torch").split(".")[1])
    return max((known for known in RELEASES if int(known.split(".")[1]) <= minor), default=RELEASES[0])


def eager(place):
    command = [sys.executable, "-c", EAGER, str(place.root / "tests/golden/pytorch"), json.dumps([case for _, _, case in STEPS])]
    done = program.execute(place, command, check=False)
    if done.stderr.strip().endswith("no GPU"):
        raise NotRun(f"the PyTorch of {sys.executable} finds no GPU")
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-300:])
    return [json.loads(line) for line in done.stdout.splitlines()]
