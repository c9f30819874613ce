"""Is the device's arithmetic right, and is its memory that of the simulation?"""

import gzip
import importlib.util
import os
import pathlib
import re
import shutil

from gpu_checks import program
from gpu_checks.check import NotRun, Outcome, of_all

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
TRACES = (
    "default_1stream default_3streams default_tight expandable expandable_tight gc06 record_stream_tight roundup4 "
    "split20_tight switch_expandable vector_26 corner_C1_oom"
).split()
LEVELS = ("peak_requested_bytes", "peak_allocated_bytes", "peak_reserved_bytes")


def op_tests(place):
    """The tests of all kernels, and the environment that lets the loader find CUDA's libraries for them."""
    tests = next((file for file in (place.build / "gpu_ops_test", place.build / "tests" / "gpu_ops_test") if file.is_file()), None)
    if tests is None:
        raise NotRun("the build has no gpu_ops_test, which is built together with the tests")
    spec = importlib.util.find_spec("nvidia")
    wheels = [str(folder) for place in (spec.submodule_search_locations if spec else []) for folder in pathlib.Path(place).glob("*/lib")]
    known = os.environ.get("LD_LIBRARY_PATH", "")
    return str(tests), {**os.environ, "LD_LIBRARY_PATH": ":".join(filter(None, [known, "/usr/local/cuda/lib64", *wheels]))}


def ops(place):
    """Every kernel against the cpu's, in every type."""
    tests, environment = op_tests(place)
    done = program.execute(place, [tests, "--gtest_brief=1"], check=False, environment=environment)
    (place.out / "ops.txt").write_text(done.stdout, encoding="utf-8")
    if done.returncode == 0:
        return Outcome(True, last_line(done.stdout))
    failed = re.findall(r"^\[  FAILED  \] (\S+)", done.stdout, re.MULTILINE)
    return Outcome(False, f"ops.txt says more: {', '.join(failed[:8])} {last_line(done.stderr)}")


def sanitizer(place):
    """Kernels and steps of every kind of model under compute-sanitizer's memcheck."""
    tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if tool is None:
        raise NotRun("compute-sanitizer is not installed")
    base = [str(place.build / "memsweep"), "run", "--device", place.device, "--steps", "2", "--quiet"]
    cases = [(name, [*base, *options.split()], None) for name, options in SANITIZED]
    try:
        tests, environment = op_tests(place)
        cases.append(("ops", [tests, "--gtest_brief=1", "--gtest_filter=*f32*"], environment))
    except NotRun:
        pass
    found = place.each(cases, lambda *case: errors_under(place, tool, *case))
    wrong = list(filter(None, found))
    return Outcome(not wrong, "; ".join([f"{len(found)} programs, {len(wrong)} with errors", *of_all(len(found), cases), *wrong]))


def errors_under(place, tool, name, command, environment):
    """What the tool says last of a program that has errors."""
    found = program.execute(place, [tool, "--error-exitcode", "9", *command], check=False, environment=environment)
    if "Device not supported" in found.stdout + found.stderr:
        raise NotRun("compute-sanitizer does not support this device here")
    return f"{name}: {last_line(found.stdout) or last_line(found.stderr)}" if found.returncode != 0 else ""


def training(place):
    """Losses against the cpu's after a few steps, and peaks against the simulation's, to the byte."""
    found = place.each(TRAINING, lambda *case: train(place, *case))
    program.write_rows(place.out / "training.csv", [row for rows, _, _ in found for row in rows])
    wrong = [f"{rows[0][0]}: {text}" for rows, _, texts in found for text in texts]
    farthest = max(used for _, used, _ in found)
    text = f"{len(found)} configurations; the farthest loss used {farthest:.0%} of its tolerance"
    return Outcome(not wrong, "; ".join([text, *of_all(len(found), TRAINING), *wrong]))


def train(place, name, options, batch, tolerance):
    """Named rows of here and of the cpu, the share of the tolerance that the loss used, and what is wrong."""
    common = ["--scenario", "batch-size", "--batches", batch, "--time-limit", "0.2", *options.split()]
    (here,), _ = program.sweep(place, f"training-{name}", place.device, *common)
    (cpu,), _ = program.sweep(place, f"cpu-{name}", "cpu", "--memory", "2GiB", *common)
    rows = [(name, here), (name, cpu)]
    if here["outcome"] != "ok":
        return rows, 0.0, [f"{here['outcome']} {here['message']}"]
    distance = abs(float(here["loss"]) - float(cpu["loss"])) / max(abs(float(cpu["loss"])), 1e-6)
    wrong = [] if distance <= tolerance else [f"loss {here['loss']}, on cpu {cpu['loss']}"]
    return rows, distance / tolerance, wrong + differing_levels(place, name, here, common)


def differing_levels(place, name, here, common):
    profile = place.out / "profile.json"
    if not profile.is_file():
        return []
    (sim,), _ = program.sweep(place, f"sim-{name}", "sim", "--profile", profile, *common)
    return [f"{level} {here[level]}, simulated {sim[level]}" for level in LEVELS if here[level] != sim[level]]


def allocator_traces(place):
    """What PyTorch's allocator was recorded to ask of a device, asked of this one."""
    files = [place.root / "tests" / "golden" / "allocator" / f"{name}.trace.gz" for name in TRACES]
    profile = program.profile(place)
    fitting = [(file,) for file in files if device_peak(file) <= profile["memory_bytes"] - profile["context_bytes"]]
    found = place.each(fitting, lambda file: otherwise(place, file))
    wrong = list(filter(None, found))
    text = f"{len(found)} recordings, {len(wrong)} served otherwise; {len(files) - len(fitting)} need more memory than there is"
    return Outcome(not wrong, "; ".join([text, *of_all(len(found), fitting), *wrong]))


def otherwise(place, file):
    """What differs from the recording; empty where nothing does."""
    found = program.run(place, "replay", "--check", "--take-from", place.device, file, check=False)
    if found.returncode == 0:
        return ""
    return f"{file.name}: {last_line(found.stderr) or ' '.join(found.stdout.splitlines()[1:4])}"


def device_peak(file):
    """Bytes that a recording takes from the device, at most."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        operations = (line for line in lines if line[0] not in "#dsmTSB")
        return max((int(line.rsplit(None, 1)[1]) for line in operations), default=0)


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
