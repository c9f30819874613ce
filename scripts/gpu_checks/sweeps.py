"""Do whole scenarios run, and is the boundary where it was predicted?"""

import re

from gpu_checks import program
from gpu_checks.check import Outcome, passed

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
# Without a cap: what the driver itself refuses.
WHOLE = [
    ("whole-device", "--model mlp:784-2048x6-10 --precision bf16"),
    ("whole-device-pages", "--model mlp:784-2048x6-10 --precision bf16 --alloc-conf expandable_segments:True"),
]
EXACT_SHARE = 0.9
SMALL = 512  # MiB in which all scenarios that train run
EXPERIMENTS = ("graph-leak", "fragmentation", "cleanup")  # which time no steps
PATTERNS = 5 << 10  # MiB that they need at most


def scenarios(place):
    """All scenarios at a small size: no row may be an error."""
    names = [(name,) for name in re.findall(r"^  ([a-z][a-z-]*)  ", program.run(place, "list", "scenarios").stdout, re.MULTILINE)]
    swept, remarks = place.each(names, lambda name: rows_of_scenario(place, name))
    rows = [row for rows in swept for row in rows]
    program.write_rows(place.out / "scenarios.csv", rows)
    errors = [f"{name} {row['variant']}: {row['message']}" for name, row in rows if row["outcome"] == "error"]
    return Outcome(not errors and passed(remarks), "; ".join([f"{len(rows)} rows, {len(errors)} errors", *remarks, *errors[:5]]))


def rows_of_scenario(place, name):
    options = place.capped(PATTERNS) if name in EXPERIMENTS else ["--time-limit", "0.1", *place.capped(SMALL)]
    rows, _ = program.sweep(place, name, place.device, "--in-process", "--scenario", name, *options)
    return [(name, {key: row[key] for key in ("variant", "outcome", "message")}) for row in rows]


def boundaries(place):
    """The largest batch that fits against the predicted one."""
    cases = [(name, [*options.split(), *place.capped()]) for name, options in BOUNDARIES]
    cases += [(name, options.split()) for name, options in WHOLE]
    found, remarks = place.each(cases, lambda name, options: boundary_of(place, name, options))
    program.write_rows(place.out / "boundaries.csv", [(name, row) for name, row, _ in found])
    different = [each for each in found if each[2]]
    wrong = sum(int(row["predicted_batch"]) > int(row["max_batch"]) for _, row, _ in found)
    text = f"{len(found) - len(different)} of {len(found)} predicted exactly, {wrong} predicted to fit that do not"
    exact = len(different) <= (1 - EXACT_SHARE) * len(found)
    return Outcome(wrong == 0 and exact and passed(remarks), "; ".join([text, *remarks, *(f"{name}: {why}" for name, _, why in different)]))


def boundary_of(place, name, options):
    """Its name and row, and what is wrong with it; empty: nothing."""
    common = ["--in-process", "--scenario", "batch-size", "--time-limit", "0.1"]
    rows, (row,) = program.sweep(place, name, place.device, *common, *options)
    wrong = [each["message"] for each in rows if each["outcome"] == "error"]
    if row["max_batch"] != row["predicted_batch"]:
        wrong.insert(0, f"{row['max_batch']}, predicted {row['predicted_batch']}")
    return name, row, ", ".join(wrong)


def calibration(place):
    """Rates of this card, as a profile that the simulation reads."""
    done = program.run(place, "calibrate", "--device", place.device, "--out", place.out / "profile.json")
    (place.out / "calibration.txt").write_text(done.stdout, encoding="utf-8")
    return Outcome((place.out / "profile.json").is_file(), "the profile is profile.json, the table calibration.txt")
