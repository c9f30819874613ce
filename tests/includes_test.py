"""Checks that no file includes what its layer must not know, and that only the CUDA folders depend on CUDA.

Usage: includes_test.py PROJECT_ROOT. Prints each offence as file:line: sentence and exits 1 if there is any.
"""

import pathlib
import re
import sys

# Who may include whom; a layer always sees itself.
LAYERS = {
    "base": "",
    "kernels": "base",
    "memory": "base",
    "trace": "memory base",
    "program": "kernels base",
    "standin": "kernels base",
    "device": "kernels memory base",
    "sweep": "program device trace kernels memory base",
    "dryrun": "trace device kernels memory base",
    "report": "dryrun sweep program device trace kernels memory base",
    "scenarios": "sweep trace program device kernels memory base",
    "cli": "scenarios report dryrun sweep program device trace kernels memory base",
}
CUDA_FOLDERS = ("kernels/cuda/", "harness/device/cuda/", "harness/standin/", "tests/cuda/", "tests/standin/")
# The one other place that may ask what it is compiled for: the instruction set of the CPU.
CONDITIONS_ALLOWED = (*CUDA_FOLDERS, "kernels/cpu/widest.h")
SUFFIXES = {".h", ".cpp", ".cu", ".cuh"}

OUR_INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
CUDA_INCLUDE = re.compile(r'\s*#\s*include\s*[<"]((?:.*/)?(?:cuda|cublas|cudnn)[^>"]*)[>"]')
CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif)\b")


def layer_of(path):
    """The layer that a path from the root belongs to: its folder, without harness/; None outside of the layers."""
    folders = path.split("/")[:-1]
    if folders[:1] == ["harness"]:
        folders = folders[1:]
    return folders[0] if folders else None


def line_offences(root, path, line):
    layer = layer_of(path)
    if match := OUR_INCLUDE.match(line):
        included = match[1]
        if not (root / included).is_file():
            yield f'"{included}" is no path from the project root'
        elif layer in LAYERS and layer_of(included) not in (layer, *LAYERS[layer].split()):
            yield f'{layer} must not include "{included}"'
    if not path.startswith(CUDA_FOLDERS):
        if match := CUDA_INCLUDE.match(line):
            yield f"{match[1]} belongs in {' and '.join(CUDA_FOLDERS)} only"
    if not path.startswith(CONDITIONS_ALLOWED):
        if match := CONDITION.match(line):
            yield f"#{match[1]} belongs in {', '.join(CONDITIONS_ALLOWED)} only"


def file_offences(root, path):
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    if not path.startswith("tests/") and layer_of(path) not in LAYERS:
        yield f"{path}:1: {layer_of(path)} is not in the drawing of layers"
    if path.endswith((".h", ".cuh")) and "#pragma once" not in lines:
        yield f"{path}:1: a header is guarded by #pragma once"
    for number, line in enumerate(lines, start=1):
        for sentence in line_offences(root, path, line):
            yield f"{path}:{number}: {sentence}"


def main():
    root = pathlib.Path(sys.argv[1])
    paths = sorted(
        file.relative_to(root).as_posix()
        for folder in ("kernels", "harness", "scenarios", "tests")
        for file in (root / folder).rglob("*")
        if file.suffix in SUFFIXES
    )
    if not paths:
        sys.exit(f"{root} holds no source file")
    offences = [offence for path in paths for offence in file_offences(root, path)]
    print(*offences, sep="\n", end="\n" if offences else "")
    sys.exit(bool(offences))


if __name__ == "__main__":
    main()
