"""Do whole scenarios run, and is the boundary where it was predicted?"""

import re

from gpu_checks import program
from gpu_checks.check import Outcome

BOUNDARIES = [
    ("sgd", "--model mlp:784-2048x6-10"),
    ("adamw", "--model mlp:784-2048x6-10 --optimizer adamw"),
    ("adam-fused", "--model mlp:784-2048x6-10 --optimizer adam:implementation=fused"),
    ("bf16", "--model mlp:784-2048x6-10 --precision bf16"),
    ("autocast", "--model mlp:784-2048x6-10 --precision autocast-bf16 --optimizer adamw"),
    ("autocast-scaler", "--model mlp:784-2048x6-10 --precision autocast-fp16 --grad-scaler"),
    ("sqrt", "--model mlp:784-2048x16-10 --recompute sqrt"),
    ("each", "--model mlp:784-2048x16-10 --recompute every:1 --optimizer adamw"),
    ("accumulate", "--model mlp:784-2048x6-10 --accumulate 4"),
    ("expandable", "--model mlp:784-2048x6-10 --alloc-conf expandable_segments:True"),
    ("gelu-norm", "--model mlp:784-2048x6-10 --activation gelu --layernorm --dropout 0.1"),
    ("gpt", "--model gpt-tiny --optimizer adamw"),
]
EXACT_SHARE = 0.9


def scenarios(place):
    """All scenarios at a small size: no row may be an error."""
    folder = place.out / "scenarios"
    folder.mkdir(exist_ok=True)
    ran, errors = 0, []
    for name in scenario_names(place):
        found, _ = program.sweep(place, f"scenarios/{name}", place.device, "--scenario", name, "--memory", "512MiB", "--time-limit", "0.1")
        ran += len(found)
        errors += [f"{name} {row['variant']}: {row['message']}" for row in found if row["outcome"] == "error"]
    return Outcome(not errors, "; ".join([f"{ran} rows, {len(errors)} errors", *errors[:5]]))


def scenario_names(place):
    return re.findall(r"^  ([a-z][a-z-]*)  ", program.run(place, "list", "scenarios").stdout, re.MULTILINE)


def boundaries(place):
    """The largest batch that fits against the predicted one."""
    exact, never_wrong, found_all = 0, True, []
    for name, options in BOUNDARIES:
        _, found = program.sweep(
            place, f"boundary-{name}", place.device, "--scenario", "batch-size", "--memory", place.memory, "--time-limit", "0.1", *options.split()
        )
        for row in found:
            largest, predicted = int(row["max_batch"]), int(row["predicted_batch"])
            exact += largest == predicted
            never_wrong = never_wrong and predicted <= largest
            if largest != predicted:
                found_all.append(f"{name}: {largest}, predicted {predicted}")
    text = f"{exact} of {len(BOUNDARIES)} predicted exactly"
    return Outcome(never_wrong and exact >= EXACT_SHARE * len(BOUNDARIES), "; ".join([text, *found_all]))


def calibration(place):
    """Rates of this card, as a profile that the simulation reads."""
    done = program.run(place, "calibrate", "--device", place.device, "--out", place.out / "profile.json")
    (place.out / "calibration.txt").write_text(done.stdout, encoding="utf-8")
    return Outcome((place.out / "profile.json").is_file(), "the profile is profile.json, the table calibration.txt")
