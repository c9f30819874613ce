"""What a profile of a simulated device needs, measured: calibration.csv."""

import ctypes
import itertools
import json
import pathlib
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

from pytorch_gpu.child import check, load_cudart
from pytorch_gpu.clocks import device_seconds, host_seconds
from pytorch_gpu.tables import Table, say, spread

COLUMNS = "quantity variant size unit repeats median minimum maximum sm_clock_mhz power_w".split()
MIB = 1 << 20
CALLS = 2000  # of small operations in a repeat

PRECISIONS = {
    "fp32": (torch.float32, False),
    "tf32": (torch.float32, True),
    "bf16": (torch.bfloat16, False),
    "fp16": (torch.float16, False),
}
SQUARES = (512, 1024, 2048, 4096, 8192)
MLP_LAYERS = ((784, 4096), (4096, 4096), (4096, 10))
MLP_BATCHES = (64, 1024)


class Calibration:
    def __init__(self, out, clocks):
        self.table = Table(out / "calibration.csv", COLUMNS)
        self.clocks = clocks
        self.mark = time.perf_counter()

    def add(self, quantity, variant, size, unit, values):
        """Values measured since the last row."""
        clocks = self.clocks.since(self.mark)
        self.table.add(quantity=quantity, variant=variant, size=size, unit=unit, **spread(values), **clocks)
        self.mark = time.perf_counter()

    def rate(self, quantity, variant, size, unit, amount, run):
        """Amount per second of device time."""
        seconds = device_seconds(run)
        self.add(quantity, variant, size, unit, [amount / s for s in seconds])


def context(calibration):
    """Device memory in use that is not PyTorch's tensors, as a new process goes on; it is alone on the card."""
    scripts = pathlib.Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "pytorch_gpu.context"]
    out = subprocess.run(command, cwd=scripts, capture_output=True, text=True, check=True).stdout
    for row in map(json.loads, out.splitlines()):
        calibration.add(row["quantity"], row["stage"], "", "bytes", [row["bytes"]])


def bandwidth(calibration):
    """Buffers are used in turn, so that they do not stay in the L2 cache."""
    for mib in (1, 4, 16, 64, 256, 1024):
        count = max(2, min(64, 512 // mib))
        buffers = [torch.randn(mib * MIB // 4, device="cuda") for _ in range(count)]
        out = torch.empty_like(buffers[0])
        turn = itertools.cycle(buffers)
        streams = {
            "copy": (2, lambda: next(turn).copy_(next(turn))),
            "relu": (2, lambda: torch.relu(next(turn))),
            "add": (3, lambda: torch.add(next(turn), next(turn), out=out)),
            "sum": (1, lambda: next(turn).sum()),
        }
        for name, (tensors, run) in streams.items():
            calibration.rate("bandwidth", name, mib * MIB, "bytes/s", tensors * mib * MIB, run)


def products(calibration):
    for precision, (dtype, tf32) in PRECISIONS.items():
        torch.backends.cuda.matmul.allow_tf32 = tf32
        for n in SQUARES:
            a, b = (torch.randn(n, n, device="cuda", dtype=dtype) for _ in range(2))
            calibration.rate("product", precision, f"{n}x{n}x{n}", "flop/s", 2 * n**3, lambda: a @ b)
        for batch, (width, outputs) in itertools.product(MLP_BATCHES, MLP_LAYERS):
            x = torch.randn(batch, width, device="cuda", dtype=dtype)
            weight = torch.randn(outputs, width, device="cuda", dtype=dtype)
            bias = torch.randn(outputs, device="cuda", dtype=dtype)
            flops = 2 * batch * width * outputs
            size = f"{batch}x{width}x{outputs}"
            calibration.rate("linear", precision, size, "flop/s", flops, lambda: F.linear(x, weight, bias))
    torch.backends.cuda.matmul.allow_tf32 = False


def launches(calibration):
    """Host time of an operation whose kernel is over sooner, and the device time of such a kernel in a graph."""
    x = torch.randn(16, 16, device="cuda")
    y = torch.randn(16, 16, device="cuda", requires_grad=True)
    weight, bias = torch.randn(16, 16, device="cuda"), torch.randn(16, device="cuda")
    operations = {
        "add in place": lambda: x.add_(1),
        "relu": lambda: torch.relu(x),
        "linear": lambda: F.linear(x, weight, bias),
        "relu and its backward": lambda: torch.autograd.grad(torch.relu(y), y, x),
        "allocation from the cache": lambda: torch.empty(16, 16, device="cuda"),
    }
    for name, run in operations.items():
        issued, done = host_seconds(run, CALLS)
        calibration.add("launch, issued", name, CALLS, "s", issued)
        calibration.add("launch, done", name, CALLS, "s", done)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(CALLS):
            x.add_(1)
    seconds = device_seconds(graph.replay)
    calibration.add("launch, in a graph", "add in place", CALLS, "s", [s / CALLS for s in seconds])


def device_allocations(calibration, repeats=20):
    """cudaMalloc and cudaFree on a device that does nothing else."""
    cudart = load_cudart()
    torch.cuda.synchronize()
    for mib in (2, 20, 64, 256, 1024, 8192):
        seconds = {"cudaMalloc": [], "cudaFree": []}
        for _ in range(repeats):
            address = ctypes.c_void_p()
            start = time.perf_counter()
            check(cudart.cudaMalloc(ctypes.byref(address), ctypes.c_size_t(mib * MIB)), "cudaMalloc")
            taken = time.perf_counter()
            check(cudart.cudaFree(address), "cudaFree")
            seconds["cudaMalloc"].append(taken - start)
            seconds["cudaFree"].append(time.perf_counter() - taken)
        for name, values in seconds.items():
            calibration.add("device allocation", name, mib * MIB, "s", values)


def calibrate(out, clocks):
    calibration = Calibration(out, clocks)
    for part in (context, device_allocations, launches, bandwidth, products):
        say(f"calibration: {part.__name__}")
        part(calibration)
        torch.cuda.empty_cache()
