"""Values that decide how a program goes on: whether all or any of some values hold, and how many of a mask do."""

import torch
from torch.distributions import Normal


def hold(x):
    zeros = torch.zeros(64, 8, device="cuda")
    Normal(zeros, zeros + 1).log_prob(zeros)  # raises where not all of its arguments are valid
    assert torch.isfinite(x).all() and not torch.isnan(x).any()
    assert torch.equal(x, x) and torch.allclose(x, x)


def count(x):
    assert x[x > 0].shape == (x.numel(),)
    assert x.nonzero().shape == (x.numel(), x.dim())
    assert torch.where(x[:5] > 0)[0].shape == (5 * x.shape[1],)


hold(torch.ones(300, 400, device="cuda"))
count(torch.ones(300, 400, device="cuda"))
count(torch.ones(5000, 4000, device="cuda"))
print(torch.cuda.max_memory_allocated())
