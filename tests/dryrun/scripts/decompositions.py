"""Fourier transforms, decompositions and sparse matrices: libraries whose true ones cannot be asked without a GPU."""

import torch
from torch.distributions import MultivariateNormal

x = torch.randn(8, 64, 100, device="cuda")
spectrum = torch.fft.rfft2(x)
torch.fft.irfft2(spectrum), torch.fft.fftn(x)
window = torch.hann_window(256, device="cuda")
sound = torch.stft(torch.randn(2, 8000, device="cuda"), 256, window=window, return_complex=True)
torch.istft(sound, 256, window=window)

for batch in ((), (4,)):
    a = torch.eye(32, device="cuda").expand(*batch, 32, 32).clone().requires_grad_()
    b = torch.ones(*batch, 32, 3, device="cuda")
    parts = [torch.linalg.cholesky(a), torch.linalg.eigh(a)[0], torch.linalg.inv(a), torch.linalg.solve(a, b)]
    parts += [torch.linalg.svd(a)[1], torch.linalg.qr(a)[1], torch.linalg.slogdet(a)[1]]
    sum(part.sum() for part in parts).backward()
    torch.linalg.eig(a.detach()), torch.linalg.lstsq(a.detach(), b), torch.linalg.det(a.detach())
normal = MultivariateNormal(torch.zeros(4, device="cuda"), torch.eye(4, device="cuda"))
normal.log_prob(normal.rsample((5,)))

places = torch.tensor([[0, 1, 1], [2, 0, 2]], device="cuda")
sparse = torch.sparse_coo_tensor(places, torch.ones(3, device="cuda"), (3, 3), is_coalesced=True)
rows = sparse.to_sparse_csr()
assert torch.sparse.mm(sparse, torch.ones(3, 5, device="cuda")).shape == (3, 5)
assert (rows @ torch.ones(3, device="cuda")).shape == (3,)
assert (rows @ rows).values().numel() == 3 * 3 // 3
rows + rows
print(torch.cuda.max_memory_allocated())
