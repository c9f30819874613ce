"""An MLP compiled by torch.compile in its default mode: Triton compiles kernels, which then are launched."""

import torch
from torch import nn

model = nn.Sequential(nn.Linear(256, 1024), nn.GELU(), nn.LayerNorm(1024), nn.Linear(1024, 10)).cuda()
optimizer = torch.optim.AdamW(model.parameters())
compiled = torch.compile(model)
for step in range(3):
    loss = nn.functional.cross_entropy(compiled(torch.randn(512, 256).cuda()), torch.randint(10, (512,)).cuda())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(torch.cuda.max_memory_allocated())
