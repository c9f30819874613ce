"""Tests the parts of scripts/validate_pytorch.py that need neither PyTorch nor a GPU."""

import copy
import pathlib
import sys
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True

from pytorch_gpu import compare, golden, memory  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "pytorch"
H100 = {"compute_capability": "9.0", "total_memory": 85_000_000_000}


def first_run(part, id):
    return next(run for run in golden.read_runs(GOLDEN) if (run.part, run.id) == (part, id))


def columns(run, measured):
    return [difference.column for difference in compare.differences(run.expected, measured)]


class Comparison(unittest.TestCase):
    def test_every_recording_equals_itself(self):
        for run in golden.read_runs(GOLDEN):
            rows = run.expected.get("rows", [])
            self.assertEqual([], columns(run, {**run.expected, "rows": rows}), run.id)

    def test_a_cell_that_moved_is_named_with_its_step_phase_and_both_values(self):
        run = first_run("case", "opt-adamw-big")
        measured = copy.deepcopy(run.expected)
        measured["rows"][3][2 + golden.COLUMNS.index("reserved")] += 512
        step, phase = run.expected["rows"][3][:2]
        (found,) = compare.differences(run.expected, measured)
        self.assertEqual((step, phase, "reserved", 512), (found.step, found.phase, found.column, found.measured - found.recorded))

    def test_a_boundary_that_fits_where_it_failed_differs_in_its_outcome(self):
        fits, fails = (first_run(side, "oom-adamw") for side in ("fits", "fails"))
        self.assertIn("outcome", columns(fails, fits.expected))

    def test_a_refused_size_is_compared_and_the_size_of_the_card_is_not(self):
        run = first_run("fails", "oom-adamw")
        message = run.expected["message"]
        larger_card = {**run.expected, "message": message.replace("1024.00 MiB of which 60.00 MiB", "79.18 GiB of which 1.00 GiB")}
        self.assertEqual([], columns(run, larger_card))
        other_request = {**run.expected, "message": message.replace("172.00 MiB", "170.00 MiB")}
        self.assertEqual(["message: tried"], columns(run, other_request))

    def test_a_process_that_broke_is_no_equal_run(self):
        run = first_run("case", "opt-adamw-big")
        self.assertEqual(["outcome"], columns(run, {"outcome": "error", "message": "", "rows": []}))


class Limits(unittest.TestCase):
    def test_a_fraction_allows_exactly_the_capacity(self):
        for capacity in (419430400, 629145600, 1 << 30, (1 << 30) + 1, 84_999_999_999):
            for total in (H100["total_memory"], 85_017_493_504, 150_754_820_096):
                self.assertEqual(capacity, int(golden.fraction_of(capacity, total) * total))

    def test_what_a_fraction_would_change_is_run_on_a_full_device(self):
        limits = {id: first_run("fits", id).limit(H100["total_memory"]) for id in ("oom-adamw", "oom-adamw-gc80", "oom-sgd-expandable")}
        self.assertEqual({"oom-adamw": "fraction", "oom-adamw-gc80": "ballast", "oom-sgd-expandable": "ballast"}, limits)

    def test_a_capacity_above_the_cards_limits_nothing_that_was_never_refused(self):
        run = first_run("case", "opt-adamw-big")
        self.assertEqual("none", run.limit(H100["total_memory"]))
        self.assertEqual("", memory.why_not(run, H100))
        self.assertIn("bytes", memory.why_not(run, {**H100, "total_memory": 1 << 30}))

    def test_another_compute_capability_is_not_run(self):
        self.assertIn("8.0", memory.why_not(first_run("case", "sm80-gpt-tiny-fp32"), H100))

    def test_a_full_device_waits_for_everybody_else(self):
        room = memory.Room(100)
        room.take(40)
        waiting = threading.Thread(target=room.take, args=(100,))
        waiting.start()
        waiting.join(0.05)
        self.assertTrue(waiting.is_alive())
        room.give(40)
        waiting.join(10)
        self.assertFalse(waiting.is_alive())


class Scans(unittest.TestCase):
    def test_both_ends_of_a_stretch_are_run_and_a_single_batch_once(self):
        runs = [run for run in golden.read_runs(GOLDEN) if run.id == "scan-adamw-expandable"]
        self.assertEqual([20000, 23600, 23650, 23700, 23750], [run.case["batch"] for run in runs[:5]])
        self.assertEqual({"outcome": "oom", "after": [2, "loss"]}, runs[2].expected)


if __name__ == "__main__":
    unittest.main()
