"""Is the device's arithmetic right, and is its memory that of the simulation?"""

import shutil
import subprocess

from gpu_checks import program
from gpu_checks.check import NotRun, Outcome

# Options, batch, and how far a loss may be from the cpu's, relative.
TRAINING = [
    ("mlp-fp32", "--model mlp:784-512x4-10", 256, 1e-4),
    ("mlp-tf32", "--model mlp:784-512x4-10 --precision tf32", 256, 5e-3),
    ("mlp-bf16", "--model mlp:784-512x4-10 --precision bf16", 256, 3e-2),
    ("mlp-fp16-scaler", "--model mlp:784-512x4-10 --precision autocast-fp16 --grad-scaler --optimizer adamw", 256, 1e-2),
    ("mlp-autocast", "--model mlp:784-512x4-10 --precision autocast-bf16 --optimizer adamw", 256, 2e-2),
    ("mlp-norm-dropout", "--model mlp:784-512x4-10 --layernorm --dropout 0.1 --activation gelu --optimizer momentum", 256, 1e-4),
    ("mlp-sqrt", "--model mlp:784-512x8-10 --recompute sqrt", 256, 1e-4),
    ("mlp-accumulate", "--model mlp:784-512x4-10 --accumulate 4 --clip 1", 256, 1e-4),
    ("mlp-adam8bit", "--model mlp:784-512x4-10 --optimizer adam8bit", 256, 1e-3),
    ("gpt-tiny", "--model gpt-tiny", 8, 1e-3),
    ("conv-tiny", "--model conv-tiny", 32, 1e-3),
]
SANITIZED = [
    ("mlp", "--model mlp:100-64x4-10 --batch 33 --layernorm --dropout 0.1 --activation gelu --optimizer adamw:implementation=fused"),
    ("mlp-scaler", "--model mlp:100-64x4-10 --batch 33 --precision autocast-fp16 --grad-scaler --clip 1 --optimizer adam8bit"),
    ("gpt", "--model gpt-tiny --batch 2 --optimizer adafactor"),
    ("conv", "--model conv-tiny --batch 3"),
    ("resnet", "--model resnet-tiny --batch 3"),
]
LEVELS = ("peak_requested_bytes", "peak_allocated_bytes", "peak_reserved_bytes")


def sanitizer(place):
    """Steps of every kind of model under compute-sanitizer's memcheck."""
    tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if tool is None:
        raise NotRun("compute-sanitizer is not installed")
    wrong = []
    for name, options in SANITIZED:
        command = [tool, "--error-exitcode", "9", str(place.build / "memsweep"), "run", "--device", place.device]
        command += ["--steps", "2", "--quiet", *options.split()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=max(1, place.seconds_left()), check=False)
        if done.returncode != 0:
            wrong.append(f"{name}: {last_line(done.stdout) or last_line(done.stderr)}")
    return Outcome(not wrong, "; ".join([f"{len(SANITIZED)} trainings, {len(wrong)} with errors", *wrong]))


def training(place):
    """Losses against the cpu's after a few steps, and peaks against the simulation's, to the byte."""
    worst, wrong = 0.0, []
    for name, options, batch, tolerance in TRAINING:
        common = ["--scenario", "batch-size", "--batches", batch, "--time-limit", "0.2", *options.split()]
        (here,), _ = program.sweep(place, f"training-{name}", place.device, *common)
        (cpu,), _ = program.sweep(place, f"cpu-{name}", "cpu", "--memory", "2GiB", *common)
        if here["outcome"] != "ok":
            wrong.append(f"{name}: {here['outcome']} {here['message']}")
            continue
        distance = abs(float(here["loss"]) - float(cpu["loss"])) / max(abs(float(cpu["loss"])), 1e-6)
        worst = max(worst, distance / tolerance)
        if not distance <= tolerance:
            wrong.append(f"{name}: loss {here['loss']}, on cpu {cpu['loss']}")
        wrong += differing_levels(place, name, here, common)
    text = f"{len(TRAINING)} configurations; the farthest loss used {worst:.0%} of its tolerance"
    return Outcome(not wrong, "; ".join([text, *wrong]))


def differing_levels(place, name, here, common):
    profile = place.out / "profile.json"
    if not profile.is_file():
        return []
    (sim,), _ = program.sweep(place, f"sim-{name}", "sim", "--profile", profile, *common)
    return [f"{name}: {level} {here[level]}, simulated {sim[level]}" for level in LEVELS if here[level] != sim[level]]


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
