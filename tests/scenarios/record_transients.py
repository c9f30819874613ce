"""What torch.optim's optimizers allocate and free in their steps, one line a case: optimizer_transients.txt.

    python record_transients.py < cases > optimizer_transients.txt          (PyTorch 2.11, on a CPU)

A case is written as for --optimizer. Recorded are the storages that the Python code makes on the weights' device, in order,
and when its variables and lists let go of them: when the optimizer is built | in the first step | in the second | in the
seventh if it differs. What a kernel borrows while it runs is not seen; step counts that PyTorch
keeps on the host are left out.
"""

import importlib
import sys

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

SHAPES = (5, 7), (5,), (3, 5), (3,)
CLASSES = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adafactor": "Adafactor",
           "nadam": "NAdam", "adamax": "Adamax", "radam": "RAdam", "adadelta": "Adadelta"}


class Recorder(TorchDispatchMode):
    """Writes "+bytes" for what is made and "-bytes" for what has died, those between two allocations sorted."""

    def __init__(self, device_scalars):
        super().__init__()
        self.device_scalars = device_scalars
        self.live, self.freed, self.text = {}, [], []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.sweep()
        operands = {t.untyped_storage()._cdata for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)}
        out = func(*args, **(kwargs or {}))
        for t in tree_leaves(out):
            if not isinstance(t, torch.Tensor):
                continue
            storage = t.untyped_storage()
            on_host = t.dim() == 0 and not self.device_scalars and "norm" not in str(func)
            if storage._cdata in self.live or storage._cdata in operands or on_host:
                continue
            self.write_freed()
            self.text.append(f"+{storage.nbytes()}")
            self.live[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
        return out

    def sweep(self):
        for key, (reference, size) in list(self.live.items()):
            if reference.expired():
                self.freed.append(size)
                del self.live[key]

    def write_freed(self):
        self.text += [f"-{size}" for size in sorted(self.freed)]
        self.freed = []

    def take(self):
        self.sweep()
        self.write_freed()
        text, self.text = " ".join(self.text), []
        return text


def options_of(text):
    options, pairs = {}, {"beta1": 0.9, "beta2": 0.999}
    for item in text.split(","):
        key, value = item.split("=")
        if key == "implementation":
            options["fused" if value == "fused" else "foreach"] = value != "for-loop"
        elif key in pairs:
            options["betas"] = tuple((pairs | {key: float(value)}).values())
        else:
            options[key] = value == "true" if value in ("true", "false") else float(value)
    return options


def record(case):
    name, text = case.split(":")
    options = options_of(text)
    weights = [torch.nn.Parameter(torch.randn(*shape)) for shape in SHAPES]
    recorder = Recorder(options.get("capturable", False) or (options.get("fused", False) and name != "sgd"))
    with recorder:
        optimizer = getattr(torch.optim, CLASSES[name])(weights, **options)
    texts = [recorder.take()]
    for step in range(1, 8):
        for weight in weights:
            weight.grad = torch.randn_like(weight)
        with recorder:
            optimizer.step()
        text = recorder.take()
        if step <= 2 or (step == 7 and text != texts[-1]):
            texts.append(text)
    return texts


def main():
    for module in ("adam", "nadam", "radam", "adamax", "rmsprop", "adadelta"):  # what is for CUDA only, on a CPU
        importlib.import_module(f"torch.optim.{module}")._get_capturable_supported_devices = lambda *_, **__: ["cpu"]
    for case in sys.stdin.read().split():
        print("|".join([case, *record(case)]))


if __name__ == "__main__":
    main()
