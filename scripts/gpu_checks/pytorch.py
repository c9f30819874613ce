"""A training step beside PyTorch's eager one: time and peak, in turns."""

import importlib.util
import json
import statistics
import subprocess
import sys

from gpu_checks import program
from gpu_checks.check import NotRun, Outcome

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

# Prints seconds of a step and the peak of allocated bytes.
EAGER = """
import json, statistics, sys, time
sys.path.insert(0, sys.argv[1])
import models, torch
case = {"precision": "fp32", **json.loads(sys.argv[2])}
dtype = torch.bfloat16 if case["precision"] == "bf16" else torch.float32
model = models.build_model(case).to("cuda", dtype)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
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
print(json.dumps([statistics.median(times[10:]), torch.cuda.max_memory_allocated()]))
"""


def beside_pytorch(place):
    """Passes where no step takes longer than PyTorch's; peaks are reported."""
    if importlib.util.find_spec("torch") is None:
        raise NotRun(f"{sys.executable} has no PyTorch")
    findings, slowest = [], 0.0
    for name, options, case in STEPS:
        ratios, peaks = [], set()
        for turn in range(ROUNDS):
            seconds, peak = eager(place, case)
            common = ["--scenario", "batch-size", "--batches", case["batch"], *options.split()]
            (row,), _ = program.sweep(place, f"beside-pytorch-{name}-{turn}", place.device, *common)
            ratios.append(float(row["step_seconds_median"]) / seconds)
            peaks.add(int(row["peak_allocated_bytes"]) - peak)
        slowest = max(slowest, statistics.median(ratios))
        findings.append(f"{name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), peak differs by {sorted(peaks)} B")
    return Outcome(slowest <= 1, "step time as a share of PyTorch's: " + "; ".join(findings))


def eager(place, case):
    command = [sys.executable, "-c", EAGER, str(place.root / "tests/golden/pytorch"), json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-300:])
    return json.loads(done.stdout.splitlines()[-1])
