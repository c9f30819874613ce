"""Prints, as lines of JSON, the device memory that a new process has in use beside PyTorch's tensors.

What the driver reports in use for the card, and what nvidia-smi reports for this process (0 where it does not know).
"""

import json
import os

import torch

from pytorch_gpu.environment import nvidia_smi

MIB = 1 << 20


def of_process():
    """Bytes, as nvidia-smi counts them."""
    mine = str(os.getpid())
    used = [app["used_memory"] for app in nvidia_smi("compute-apps", ["pid", "used_memory"]) if app["pid"] == mine]
    return int(used[0]) * MIB if used and used[0].isdigit() else 0


def report(quantity, stage, value):
    print(json.dumps({"quantity": quantity, "stage": stage, "bytes": value}), flush=True)


def stage(name):
    free, total = torch.cuda.mem_get_info()
    report("in use beside tensors", name, total - free - torch.cuda.memory_reserved())
    report("in use by the process", name, of_process())


def main():
    cards = nvidia_smi("gpu", ["memory.used", "memory.total"])
    if cards:
        report("in use on the card", "before any process", int(cards[0]["memory.used"]) * MIB)
        report("memory", "nvidia-smi", int(cards[0]["memory.total"]) * MIB)
    torch.cuda.init()
    report("memory", "cudaMemGetInfo", torch.cuda.mem_get_info()[1])
    report("memory", "total_memory", torch.cuda.get_device_properties(0).total_memory)
    stage("context")
    x = torch.ones(1024, 1024, device="cuda")
    stage("first tensor")
    y = torch.nn.Linear(1024, 1024, device="cuda")
    y(x).relu().sum().backward()
    torch.cuda.synchronize()
    stage("first backward pass")
    optimizer = torch.optim.AdamW(y.parameters())
    optimizer.step()
    for dtype in (torch.bfloat16, torch.float16):
        x.to(dtype) @ x.to(dtype)
    torch.cuda.synchronize()
    stage("AdamW and products in bf16 and fp16")


if __name__ == "__main__":
    main()
