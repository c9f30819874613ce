"""The runs that a folder of golden recordings describes, and what each must come out as."""

import dataclasses
import json
import math
import pathlib

COLUMNS = (
    "allocated",
    "peak_allocated",
    "reserved",
    "peak_reserved",
    "requested",
    "peak_requested",
    "active",
    "peak_active",
    "alloc_retries",
    "allocations",
    "segments",
)

ASYNC = "backend:cudaMallocAsync"  # has statistics, but no snapshots

# A memory fraction refuses a request before the device is asked. Only these settings make that differ from a
# device that is full: a fraction starts garbage collection, and counts a whole request where an expandable
# segment needs pages for a part of it, and what was asked for where the driver's pool has taken more.
NEED_A_FULL_DEVICE = ("expandable_segments:True", "garbage_collection_threshold", ASYNC)


@dataclasses.dataclass(frozen=True)
class Run:
    part: str  # case, fits, fails or scan
    id: str
    case: dict
    expected: dict  # outcome; where recorded also rows, after, at_failure, message

    @property
    def capacity(self):
        return self.case["capacity"]

    @property
    def peak_reserved(self):
        """Bytes; of a scan, which has no rows, the capacity."""
        column = 2 + COLUMNS.index("peak_reserved")
        return max((row[column] for row in self.expected.get("rows", [])), default=self.capacity)

    def limit(self, total_memory):
        """How a card of this memory is made to look like the recorded one: none, fraction or ballast."""
        if self.capacity >= total_memory:
            return "none"
        full = any(setting in self.case["alloc_conf"] for setting in NEED_A_FULL_DEVICE)
        return "ballast" if full else "fraction"


def fraction_of(capacity, total):
    """The fraction whose product with the total, cut off to whole bytes, is the capacity."""
    fraction = capacity / total
    while int(fraction * total) < capacity:
        fraction = math.nextafter(fraction, 1)
    while int(fraction * total) > capacity:
        fraction = math.nextafter(fraction, 0)
    return fraction


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def models_file(folder):
    """A folder of another version shares the models of the folder above it."""
    here = pathlib.Path(folder) / "models.py"
    return here if here.exists() else here.parent.parent / here.name


def boundary_runs(boundary):
    case = boundary["case"]
    if "runs" not in boundary:
        for side in ("fits", "fails"):
            yield Run(side, case["id"], boundary[side]["case"], boundary[side])
        return
    for first, last, outcome in boundary["runs"]:
        kind, _, after = outcome.partition("@")
        expected = {"outcome": kind}
        if after:
            step, phase = after.split(".", 1)
            expected["after"] = [int(step), phase]
        for batch in sorted({first, last}):
            yield Run("scan", case["id"], {**case, "batch": batch}, expected)


def read_runs(folder):
    """Every recorded case, both sides of every boundary, both ends of every stretch of a scan."""
    folder = pathlib.Path(folder)
    runs = [Run("case", r["case"]["id"], r["case"], r) for r in lines(folder / "results.jsonl")]
    for boundary in lines(folder / "boundaries.jsonl"):
        runs.extend(boundary_runs(boundary))
    return runs
