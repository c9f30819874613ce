"""Started by every Python of a dry run: watches PyTorch from the moment at which a script has imported it."""

import importlib.machinery
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _run_the_one_behind():
    """The sitecustomize module that would have been found without ours."""
    elsewhere = [path for path in sys.path if os.path.abspath(path or os.curdir) != _FOLDER]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


class _TorchFinder:
    """Finds torch where everybody else finds it, and begins to watch once it is imported."""

    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
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
