"""Scaled dot product attention by each of its backends, and by the one that PyTorch chooses."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

shape = (4, 8, 512, 64)  # batch, heads, tokens, width
q, k, v = (torch.randn(shape, device="cuda", dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
for backend in (
    [SDPBackend.MATH],
    [SDPBackend.EFFICIENT_ATTENTION],
    [SDPBackend.FLASH_ATTENTION],
    [SDPBackend.CUDNN_ATTENTION],
    list(SDPBackend.__members__.values())[1:],
):
    with sdpa_kernel(backend):
        torch.cuda.reset_peak_memory_stats()
        scaled_dot_product_attention(q, k, v, is_causal=True).sum().backward()
        print(*(each.name for each in backend), torch.cuda.max_memory_allocated())
