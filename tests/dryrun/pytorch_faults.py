"""Trains an MLP for two steps while the device refuses memory, once for each call that asks for it.

Usage: pytorch_faults.py FUNCTION ERROR SETTINGS_OF_THE_ALLOCATOR. To be started with the stand-in's libraries
preloaded. Prints a line of JSON for call 1, 2 … of FUNCTION, until a run makes fewer: what came of it where that
call fails once, where the next one fails as well, and where all later ones do. Each run is a process of its own.
"""

import gc
import json
import os
import sys

from forked import in_child


def train(torch):
    """The peak of allocated bytes."""
    layers = [torch.nn.Linear(512, 2048), torch.nn.ReLU(), torch.nn.Linear(2048, 2048), torch.nn.Linear(2048, 10)]
    model = torch.nn.Sequential(*layers).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    for _ in range(2):
        inputs = torch.zeros(1024, 512).cuda()
        target = torch.zeros(1024, dtype=torch.int64).cuda()
        torch.nn.functional.cross_entropy(model(inputs), target).backward()
        optimizer.step()
        optimizer.zero_grad()
    return torch.cuda.max_memory_allocated()


def outcome(torch):
    """Of a run, and of one more after a shortage."""
    try:
        return {"outcome": "ok", "peak": train(torch)}
    except torch.OutOfMemoryError as error:
        found = {"outcome": "oom", "message": str(error)}
    gc.collect()
    torch._C._cuda_clearCublasWorkspaces()
    torch.cuda.empty_cache()
    found["left"] = torch.cuda.memory_reserved()
    try:
        found["next"] = train(torch)
    except torch.OutOfMemoryError:
        found["next"] = "oom"
    return found


def under(torch, *faults):
    """The outcome of a run under these faults, or what ended its process."""
    device = ",".join(["memory=4GiB", *(f"fail={fault}" for fault in faults)])
    return in_child({"MEMSWEEP_STANDIN": device}, lambda: outcome(torch))


def main(function, error, settings):
    os.environ["PYTORCH_CUDA_ALLOC_CONF"] = settings
    import torch
    import torch._dynamo  # which the first optimizer would import, in each process for itself

    call, outcomes = 0, {"always": {"outcome": None}}
    while outcomes["always"]["outcome"] != "ok":
        call += 1
        outcomes = {
            "once": under(torch, f"{function}:{call}:{error}"),
            "twice": under(torch, f"{function}:{call}:{error}", f"{function}:{call + 1}:{error}"),
            "always": under(torch, f"{function}:{call}+:{error}"),
        }
        print(json.dumps({"call": call, **outcomes}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
