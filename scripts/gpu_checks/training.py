"""Do whole trainings compute what the cpu computes, in the bytes of the simulation?"""

from gpu_checks import program
from gpu_checks.check import Outcome, passed

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
    ("mlp-fused-layers", "--model mlp:784-512x4-10 --fuse", 256, 1e-4),
    ("mlp-fused-gelu", "--model mlp:784-512x4-10 --fuse --activation gelu_tanh --precision bf16", 256, 3e-2),
    ("mlp-adam8bit", "--model mlp:784-512x4-10 --optimizer adam8bit", 256, 1e-3),
    ("gpt-tiny", "--model gpt-tiny", 8, 1e-3),
    ("conv-tiny", "--model conv-tiny", 32, 1e-3),
]
LEVELS = ("peak_requested_bytes", "peak_allocated_bytes", "peak_reserved_bytes")


def training(place):
    """Losses against the cpu's after a few steps, and peaks against the simulation's, to the byte."""
    found, remarks = place.each(TRAINING, lambda *case: train(place, *case))
    program.write_rows(place.out / "training.csv", [row for rows, _, _ in found for row in rows])
    wrong = [f"{rows[0][0]}: {text}" for rows, _, texts in found for text in texts]
    farthest = max((used for _, used, _ in found), default=0)
    text = f"{len(found)} configurations; the farthest loss used {farthest:.0%} of its tolerance"
    return Outcome(not wrong and passed(remarks), "; ".join([text, *remarks, *wrong]))


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
