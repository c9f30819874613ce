"""Runs scripts/validate_gpu.sh over the modelled device: what it says where all is well, where not, and where there is no GPU.

  validate_gpu_test.py BUILD MODULE    the folder that holds memsweep, and the file of the hosted cuda module
"""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD, MODULE = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
DEVICE = "memory=4GiB,context=600MiB,multiprocessors=4"


def validate(folder, checks, settings):
    command = [ROOT / "scripts" / "validate_gpu.sh", "--build", BUILD, "--out", folder, "--only", checks, "--memory", "1536"]
    environment = {**os.environ, "MEMSWEEP_CUDA_MODULE": MODULE, "MEMSWEEP_STANDIN": settings, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def outcomes(folder):
    with open(pathlib.Path(folder) / "checks.csv", encoding="utf-8", newline="") as file:
        return {row["check"]: row for row in csv.DictReader(file)}


class ValidateGpu(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_checks_that_need_no_gpu_pass_and_are_written_down(self):
        done = validate(self.folder.name, "calibration,boundaries,allocator-traces,convolutions", DEVICE)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        found = outcomes(self.folder.name)
        self.assertEqual({"pass"}, {row["outcome"] for row in found.values()}, found)
        self.assertTrue(found["boundaries"]["finding"].startswith("14 of 14 predicted exactly, 0 predicted"), found)
        self.assertIn("resnet18 by cuDNN 9.26.0 for those without: fp32", found["convolutions"]["finding"])
        files = {file.name: file for file in pathlib.Path(self.folder.name).iterdir()}
        expected = {"README.md", "environment.json", "checks.csv", "log.txt", "profile.json", "calibration.txt", "boundaries.csv", "convolutions.csv"}
        self.assertEqual(expected, set(files))
        self.assertIn("| boundaries | pass |", files["README.md"].read_text(encoding="utf-8"))
        self.assertLess(sum(file.stat().st_size for file in files.values()), 1 << 20)

    def test_what_is_missing_is_not_run_and_no_failure(self):
        done = validate(self.folder.name, "rates,allocator-traces", DEVICE)
        self.assertEqual(0, done.returncode, done.stderr)
        for row in outcomes(self.folder.name).values():
            self.assertEqual(("not run", "there is no calibration to compare with"), (row["outcome"], row["finding"]))

    def test_a_device_that_fails_fails_the_check_and_is_named(self):
        done = validate(self.folder.name, "calibration,boundaries", DEVICE + ",fail=cudaMalloc:40+:cudaErrorUnknown")
        self.assertEqual(1, done.returncode, done.stderr)
        row = outcomes(self.folder.name)["boundaries"]
        self.assertEqual("fail", row["outcome"])
        self.assertIn("cudaMalloc failed: cudaErrorUnknown", row["finding"])

    def test_no_gpu_is_one_sentence_and_status_3(self):
        done = validate(self.folder.name, "calibration", DEVICE + ",fail=cudaGetDeviceCount:every:cudaErrorNoDevice")
        self.assertEqual((3, 1), (done.returncode, len(done.stderr.splitlines())), done.stderr)
        self.assertIn("cudaErrorNoDevice", done.stderr)

    def test_a_check_that_does_not_exist_is_wrong_usage(self):
        self.assertEqual(2, validate(self.folder.name, "calibrations", DEVICE).returncode)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
