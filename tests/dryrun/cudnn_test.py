"""Dry runs of a convolution with the workspace that the installed cuDNN wants, and without.

Usage: cudnn_test.py MEMSWEEP. installed.py says with which PyTorch; where no cuDNN is installed that can be asked,
nothing is run, and that is said.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import installed

SCRIPT = pathlib.Path(__file__).with_name("scripts") / "convolution.py"
# On an h100-sxm-80gb, as cuDNN tells it without PyTorch, by its version.
WORKSPACES = {"9.19.0": 102908051}


def workspace(memsweep, cudnn, *arguments):
    """In bytes, and what the report says of cuDNN, as JSON and in words."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "report.json"
        command = [memsweep, "dryrun", "--gpu", "h100-sxm-80gb", "--cudnn", cudnn, "--json", file, "--"]
        command += [installed.python(), SCRIPT, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        report = json.loads(file.read_text(encoding="utf-8"))
    return int(done.stdout.split()[0]), report["processes"][0]["cudnn"], done.stdout


def main(memsweep):
    version = installed.version()
    if version is None:
        print("not run: PyTorch is not installed")
        return 0
    bytes_wanted, cudnn, text = workspace(memsweep, "installed")
    if cudnn["version"] is None:
        print("not run: there is no cuDNN that can be asked without a GPU")
        return 0
    assert bytes_wanted == WORKSPACES.get(cudnn["version"], bytes_wanted) > 0, (bytes_wanted, cudnn)
    assert (cudnn["asked_plans"], cudnn["assumed_plans"], cudnn["compared"]) == (1, 0, 0), cudnn
    assert "Exact, if cuDNN plans" in text and f"cuDNN {cudnn['version']} chose" in text, text

    compared_bytes, compared, text = workspace(memsweep, "installed", "benchmark")
    assert compared_bytes >= bytes_wanted, (compared_bytes, bytes_wanted)
    assert compared["compared"] == 1 and "tried for 1 operation (the first at " in text, (compared, text)

    no_bytes, not_asked, text = workspace(memsweep, "none")
    assert no_bytes == 0 and not_asked["assumed_plans"] == 1, (no_bytes, not_asked)
    assert "are counted as nothing (the first at " in text and "Exact" not in text, text
    print(f"PyTorch {version}, cuDNN {cudnn['version']}: {bytes_wanted} bytes, {compared_bytes} where plans are compared")
    return 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
