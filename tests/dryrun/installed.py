"""The PyTorch that tests run over the stand-in libraries, and what it needs to find them."""

import os
import pathlib
import subprocess
import sys

# These PyTorch opens by name; all others it would find beside itself if they were not loaded before.
OPENED_BY_NAME = ("libcuda.so.1", "libnvidia-ml.so.1")

# Not imported: that takes seconds, and the libraries.
ASK_VERSION = """
import importlib.util, pathlib, runpy
torch = importlib.util.find_spec("torch")
print(runpy.run_path(str(pathlib.Path(torch.origin).with_name("version.py")))["__version__"])
"""


def python():
    """The Python that MEMSWEEP_PYTORCH_PYTHON names, or the latest of scripts/setup_pytorch.sh, or else this one."""
    if "MEMSWEEP_PYTORCH_PYTHON" in os.environ:
        return os.environ["MEMSWEEP_PYTORCH_PYTHON"]
    build = pathlib.Path(__file__).resolve().parents[2] / "build"
    folders = [marker.parent for marker in build.glob("pytorch-*/complete")]
    release = lambda folder: [int(part) for part in folder.name.removeprefix("pytorch-").split(".")]
    return str(max(folders, key=release) / "bin/python") if folders else sys.executable


def version():
    """PyTorch's, as in "2.15.0+cu132"; None: there is none."""
    asked = subprocess.run([python(), "-c", ASK_VERSION], capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None


def environment(standin, **more):
    """This process's, with the libraries of the folder `standin` before all others, and `more` variables."""
    variables = dict(os.environ, **more)
    preloaded = [str(path) for path in standin.glob("lib*.so.*") if path.name not in OPENED_BY_NAME]
    variables["LD_PRELOAD"] = ":".join(sorted(preloaded))
    folders = (str(standin), variables.get("LD_LIBRARY_PATH", ""), str(standin / "fallback"))
    variables["LD_LIBRARY_PATH"] = ":".join(filter(None, folders))
    return variables
