"""Does every kernel compute what the cpu computes, and touch no memory but its own?"""

import importlib.util
import os
import pathlib
import re
import shutil

from gpu_checks import program
from gpu_checks.check import NotRun, Outcome, passed
from gpu_checks.program import last_line

SANITIZED = [
    ("mlp", "--model mlp:100-64x4-10 --batch 33 --layernorm --dropout 0.1 --activation gelu --optimizer adamw:implementation=fused"),
    ("mlp-scaler", "--model mlp:100-64x4-10 --batch 33 --precision autocast-fp16 --grad-scaler --clip 1 --optimizer adam8bit"),
    ("gpt", "--model gpt-tiny --batch 2 --optimizer adafactor"),
    ("conv", "--model conv-tiny --batch 3"),
    ("resnet", "--model resnet-tiny --batch 3"),
]


def op_tests(place):
    """The tests of all kernels, and the environment that lets the loader find CUDA's libraries for them."""
    tests = next((file for file in (place.build / "gpu_ops_test", place.build / "tests" / "gpu_ops_test") if file.is_file()), None)
    if tests is None:
        raise NotRun("the build has no gpu_ops_test, which is built together with the tests")
    spec = importlib.util.find_spec("nvidia")
    packages = map(pathlib.Path, spec.submodule_search_locations if spec else [])
    wheels = [str(folder) for package in packages for folder in package.glob("*/lib")]
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
        cases.append(("ops", [tests, "--gtest_brief=1", "--gtest_filter=Cuda*:*f32"], environment))
    except NotRun:
        pass
    found, remarks = place.each(cases, lambda *case: errors_under(place, tool, *case))
    wrong = list(filter(None, found))
    return Outcome(not wrong and passed(remarks), "; ".join([f"{len(found)} programs, {len(wrong)} with errors", *remarks, *wrong]))


def errors_under(place, tool, name, command, environment):
    """What the tool says last of a program that has errors."""
    found = program.execute(place, [tool, "--error-exitcode", "9", *command], check=False, environment=environment)
    if "Device not supported" in found.stdout + found.stderr:
        raise NotRun("compute-sanitizer does not support this device here")
    return f"{name}: {last_line(found.stdout) or last_line(found.stderr)}" if found.returncode != 0 else ""
