"""How near kernels and steps come to what the card was measured to reach."""

import re

from gpu_checks import program
from gpu_checks.check import NotRun, Outcome, passed, write_table

WIDTH, LAYERS, BATCH = 4096, 6, 8192
STEPS = [("fp32", "f32_rate"), ("tf32", "tf32_rate"), ("bf16", "bf16_rate")]
LEAST_STEP, LEAST_KERNEL = 0.8, 0.9
FACTORS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


def rates(place):
    """Steps of matrix products against the rate of a product, and the fused optimizer against a copy."""
    found, remarks = place.each(STEPS, lambda *case: step(place, *case))
    shares = [*kernels(place), *found]
    write_table(place.out / "rates.csv", ("what", "share", "goal"), [(name, f"{share:.3f}", goal) for name, share, goal in shares])
    text = ", ".join(f"{name} {share:.0%}" for name, share, _ in shares)
    reached = all(share >= goal for _, share, goal in shares)
    return Outcome(reached and passed(remarks), "; ".join([f"shares of the measured rates: {text}", *remarks]))


def kernels(place):
    """The bandwidth of whole-vector kernels as a share of the copy's, from the calibration's table."""
    table = place.out / "calibration.txt"
    if not table.is_file():
        raise NotRun("there is no calibration to compare with")
    reached = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"(\S+(?: \S+)*) +([\d.]+)([kMGTP]?)B/s ", line):
            reached[found[1]] = float(found[2]) * FACTORS[found[3]]
    return [("adam_fused", reached["adam_fused"] / reached["copy"], LEAST_KERNEL)]


def step(place, precision, rate):
    """Products of a step: one forward, two backward, but one for the first layer, whose input has no gradient."""
    products = BATCH * WIDTH * WIDTH * 2 * (3 * LAYERS - 1)
    model = f"mlp:{WIDTH}-{WIDTH}x{LAYERS - 1}-{WIDTH}"
    options = ["--model", model, "--precision", precision, "--batches", BATCH, "--time-limit", "1"]
    (row,), _ = program.sweep(place, f"rates-{precision}", place.device, "--scenario", "batch-size", *options)
    if row["outcome"] != "ok":
        raise RuntimeError(f"a step in {precision}: {row['message']}")
    return f"step in {precision}", products / float(row["step_seconds_median"]) / program.profile(place)[rate], LEAST_STEP
