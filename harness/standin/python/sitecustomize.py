"""Started by every Python of a dry run: watches PyTorch from the moment at which a script has imported it."""

import importlib.machinery
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_MODELLED = ("12", "13")  # the releases of CUDA whose libraries have stand-ins


def _run_the_one_behind():
    """The sitecustomize module that would have been found without ours."""
    elsewhere = [path for path in sys.path if os.path.abspath(path or os.curdir) != _FOLDER]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _cuda_of(spec):
    """The release of CUDA that this PyTorch is built for, as "12"; None: it does not say, or for none."""
    try:
        with open(os.path.join(os.path.dirname(spec.origin), "version.py"), encoding="utf-8") as source:
            lines = [line.split("=") for line in source if line.startswith("cuda") and "=" in line]
    except OSError:
        return None
    release = lines[-1][1].strip().strip("'\"").split(".")[0] if lines else ""
    return release if release.isdigit() else None


def _refuse_others(spec):
    """Importing it would fail for want of its libraries, or mix true ones with stand-ins."""
    release = _cuda_of(spec)
    if "MEMSWEEP_STANDIN" in os.environ and release is not None and release not in _MODELLED:
        modelled = " and ".join(_MODELLED)
        print(f"memsweep: this PyTorch is built for CUDA {release}; modelled are {modelled}", file=sys.stderr, flush=True)
        os._exit(2)


class _TorchFinder:
    """Finds torch where everybody else finds it, and begins to watch once it is imported."""

    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            _refuse_others(spec)
            run = spec.loader.exec_module

            def run_and_watch(module):
                run(module)
                from memsweep_hook import watch

                watch.begin(module)

            spec.loader.exec_module = run_and_watch
        return spec


if "MEMSWEEP_REPORT" in os.environ:
    sys.meta_path.insert(0, _TorchFinder())
_run_the_one_behind()
