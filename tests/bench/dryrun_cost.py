"""What a dry run costs on the host, in CPU seconds and resident memory.

Usage: dryrun_cost.py MEMSWEEP PYTHON [REPEATS]. PYTHON has PyTorch. Each pair of numbers is of two runs of the same
script one after the other: by `memsweep dryrun`, and over the stand-in libraries alone, whose kernels do nothing, so
that what remains is the script's host part. CPU seconds are those of all processes of a run, so that a busy
machine changes them little. Printed are the median and the extremes of REPEATS pairs (3).

    own      CPU seconds of a dry run beyond the script's, of a script of three steps; limit 0.3
    steps    CPU seconds of a dry run of 200 steps by those of the script; limit 1.3
    memory   most resident memory of a process of a job that takes more than 70 GB; limit 1.5 GiB
"""

import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "dryrun"))
import installed

SCRIPT = """
import sys, torch
steps, batch = map(int, sys.argv[1:])
layers = [torch.nn.TransformerEncoderLayer(768, 12, 3072, batch_first=True) for _ in range(12)]
model = torch.nn.Sequential(*layers).cuda()
optimizer = torch.optim.AdamW(model.parameters())
for step in range(steps):
    model(torch.randn(batch, 1024, 768, device="cuda")).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()
"""


def run(command, environment=None):
    """CPU seconds of a command and its children, and the most bytes that one of them had resident."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} ended with exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def pair(memsweep, python, steps, batch):
    """(seconds, bytes) of a dry run, and of the script alone."""
    script = [python, "-c", SCRIPT, str(steps), str(batch)]
    dry = run([memsweep, "dryrun", "--gpu", "b200-sxm", "--", *script])
    settings = "memory=180GiB,capability=100,multiprocessors=148"
    return dry, run(script, installed.environment(memsweep.parent / "standin", MEMSWEEP_STANDIN=settings))


def tell(name, numbers, unit):
    print(f"{name}: {statistics.median(numbers):.3g} {unit} ({min(numbers):.3g} to {max(numbers):.3g})", flush=True)


def main(memsweep, python, repeats="3"):
    pairs = lambda steps, batch: [pair(memsweep, python, steps, batch) for _ in range(int(repeats))]
    short = pairs(3, 8)
    tell("own", [dry[0] - alone[0] for dry, alone in short], "s")
    tell("  of the script", [alone[0] for _, alone in short], "s")
    long = pairs(200, 8)
    tell("steps", [dry[0] / alone[0] for dry, alone in long], "times the script's CPU time")
    tell("  of the script", [alone[0] for _, alone in long], "s")
    large = pairs(3, 112)
    tell("memory", [dry[1] / 2**30 for dry, _ in large], "GiB")
    tell("  of the script", [alone[1] / 2**30 for _, alone in large], "GiB")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), *sys.argv[2:])
