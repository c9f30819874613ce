"""An MLP in DistributedDataParallel over NCCL, one process a device: torchrun --nproc-per-node 2 distributed.py"""

import os

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

rank = int(os.environ["LOCAL_RANK"])
torch.cuda.set_device(rank)
distributed.init_process_group("nccl")
model = nn.Sequential(nn.Linear(1024, 4096), nn.GELU(), nn.Linear(4096, 1024)).cuda()
model = DistributedDataParallel(model, device_ids=[rank])
optimizer = torch.optim.AdamW(model.parameters())
for _ in range(3):
    loss = model(torch.randn(512, 1024, device="cuda")).square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
distributed.barrier()
print(rank, distributed.get_world_size(), torch.cuda.max_memory_allocated())
distributed.destroy_process_group()
