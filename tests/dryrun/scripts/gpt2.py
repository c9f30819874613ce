"""A GPT-2 of 124 million parameters, trained with AdamW under bf16 autocast, as minGPT and nanoGPT are written."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

BATCH, CONTEXT, VOCABULARY, WIDTH, HEADS, LAYERS = 8, 1024, 50257, 768, 12, 12


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)
        hidden = torch.ones(CONTEXT, CONTEXT, dtype=torch.bool).triu(1)
        self.register_buffer("hidden", hidden, persistent=False)  # for GPUs without flash attention

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (part.view(b, t, HEADS, c // HEADS).transpose(1, 2) for part in self.qkv(x).split(c, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).contiguous().view(b, t, c))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        x = x + self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return x


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.head.weight = self.token.weight
        self.register_buffer("positions", torch.arange(CONTEXT), persistent=False)

    def forward(self, ids):
        x = self.token(ids) + self.position(self.positions[: ids.shape[1]])
        return self.head(self.norm(self.blocks(x)))


model = GPT().cuda()
optimizer = torch.optim.AdamW(model.parameters())
for step in range(3):
    ids = torch.randint(VOCABULARY, (BATCH, CONTEXT)).cuda()
    targets = torch.randint(VOCABULARY, (BATCH, CONTEXT)).cuda()
    with torch.autocast("cuda", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        logits = model(ids)
        loss = F.cross_entropy(logits.view(-1, VOCABULARY), targets.view(-1))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    print(step, loss.item())
print(torch.cuda.max_memory_allocated())
