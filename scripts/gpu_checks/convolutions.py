"""Are convolutions by cuDNN at least as fast as those that go through columns?"""

import os

from gpu_checks import program
from gpu_checks.check import NotRun, Outcome, passed, write_table

MODEL, BATCH = "resnet18", 64
PRECISIONS = ["fp32", "tf32", "bf16"]
MOST = 1.03  # times the step without cuDNN, as two measurements differ
WITHOUT = {**os.environ, "MEMSWEEP_CUDNN": "off"}


def convolutions(place):
    """Steps of a residual net with cuDNN and without."""
    found, remarks = place.each([(precision,) for precision in PRECISIONS], lambda precision: steps(place, precision))
    if not found:
        return Outcome(False, "; ".join(remarks))
    write_table(place.out / "convolutions.csv", ("precision", "cudnn_seconds", "columns_seconds"), [row for row, _ in found])
    text = ", ".join(f"{precision} {1e3 * cudnn:.2f} ms for {1e3 * columns:.2f} ms" for (precision, cudnn, columns), _ in found)
    fast = all(cudnn <= MOST * columns for (_, cudnn, columns), _ in found)
    return Outcome(fast and passed(remarks), "; ".join([f"steps of {MODEL} by {found[0][1]} for those without: {text}", *remarks]))


def steps(place, precision):
    """The median of a step with cuDNN and of one without, and which cuDNN it is."""
    options = ["--scenario", "batch-size", "--model", MODEL, "--precision", precision, "--batches", BATCH, "--time-limit", "1"]
    (without,), _ = program.sweep(place, f"columns-{precision}", place.device, *options, environment=WITHOUT)
    (by_cudnn,), _ = program.sweep(place, f"cudnn-{precision}", place.device, *options)
    library = program.environment(place, f"cudnn-{precision}").get("libraries", "no cuDNN")
    if library == "no cuDNN":
        raise NotRun("there is no cuDNN here")
    for row in (without, by_cudnn):
        if row["outcome"] != "ok":
            raise RuntimeError(f"a step in {precision}: {row['message']}")
    return (precision, *(float(row["step_seconds_median"]) for row in (by_cudnn, without))), library
