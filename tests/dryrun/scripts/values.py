"""Values that decide how a program goes on: whether all or any of some values hold, and how many of a mask do."""

import torch
from torch.distributions import Dirichlet, Normal, Uniform


def hold(x):
    zeros = torch.zeros(64, 8, device="cuda")
    for mean in (zeros, zeros[:1, :1], zeros[0, 0]):
        Normal(mean, mean + 1).log_prob(mean)  # raises where not all of its arguments are valid
    Uniform(zeros, zeros + 1), Dirichlet(zeros[0, 1:3] + 1)
    for values in (x, x[0, :1]):
        assert torch.isfinite(values).all() and not torch.isnan(values).any() and not torch.isinf(values).any()
    assert torch.equal(x, x) and torch.allclose(x, x)


def count(x):
    assert x[x > 0].shape == (x.numel(),)
    assert x.nonzero().shape == (x.numel(), x.dim())
    assert torch.where(x[:5] > 0)[0].shape == (5 * x.shape[1],)


hold(torch.ones(300, 400, device="cuda"))
count(torch.ones(300, 400, device="cuda"))
count(torch.ones(5000, 4000, device="cuda"))
print(torch.cuda.max_memory_allocated())
