"""Times of eager training steps: step_times.csv."""

import contextlib
import functools
import time

import torch

from pytorch_gpu.tables import Table, say, spread

COLUMNS = (
    "id model batch precision optimizer checkpoint parameters steps_a_repeat unit repeats median minimum maximum "
    "issued_median peak_allocated peak_reserved sm_clock_mhz power_w"
).split()
WARM_UP = 5  # steps
REPEATS = 15
REPEAT_SECONDS = 0.05  # a repeat is as many steps as last this long

MLP = {"kind": "mlp", "widths": [784, 4096, 4096, 4096, 10], "act": "relu", "dropout": 0.0}
CHAIN = {"kind": "chain", "width": 1024, "depth": 24, "classes": 10, "act": "relu"}
GPT = {"kind": "gpt", "vocab": 50257, "context": 256, "width": 768, "heads": 12, "depth": 2, "dropout": 0.0, "attention": "unfused"}
SEQUENTIAL = {"kind": "sequential", "segments": 4, "reentrant": False}
EACH = {"kind": "each", "reentrant": False}


def step_cases():
    """Cases as in cases.jsonl."""

    def case(id, model, batch, precision="fp32", optimizer=("adamw", {}), checkpoint=None):
        name, options = optimizer
        rule = {"name": name, "lr": 0.001, **options}
        fields = {"id": id, "model": model, "batch": batch, "precision": precision}
        return {**fields, "optimizer": rule, "checkpoint": checkpoint}

    for batch in (64, 1024):
        yield case(f"mlp-b{batch}", MLP, batch, optimizer=("sgd", {}))
    for precision in ("tf32", "autocast-bf16", "bf16"):
        yield case(f"mlp-b1024-{precision}", MLP, 1024, precision, ("sgd", {}))
    for name in ("sgd", "adamw"):
        for way in ("forloop", "foreach", "fused"):
            options = {"foreach": False} if way == "forloop" else {way: True}
            yield case(f"mlp-b64-{name}-{way}", MLP, 64, optimizer=(name, options))
    for name, plan in (("plain", None), ("sequential4", SEQUENTIAL), ("each", EACH)):
        yield case(f"chain-b1024-{name}", CHAIN, 1024, checkpoint=plan)
    for batch in (4, 16):
        for precision in ("fp32", "autocast-bf16"):
            yield case(f"gpt-small-b{batch}-{precision}", GPT, batch, precision)


def random_batch(case, parameters):
    model, batch = case["model"], case["batch"]
    if model["kind"] == "gpt":
        shape = (batch, model["context"])
        return (torch.randint(model["vocab"], shape, device="cuda") for _ in range(2))
    width = model.get("width") or model["widths"][0]
    x = torch.randn(batch, width, device="cuda", dtype=parameters[0].dtype)
    return x, torch.randint(10, (batch,), device="cuda")


def make_step(models, case):
    """A function that trains one step on a batch that stays on the device, and the number of parameters."""
    torch.manual_seed(0)
    precision = case["precision"]
    model = models.build_model(case).to("cuda", torch.bfloat16 if precision == "bf16" else torch.float32)
    optimizer = models.build_optimizer(case, model)
    parameters = list(model.parameters())
    x, y = random_batch(case, parameters)
    autocast = contextlib.nullcontext
    if precision == "autocast-bf16":
        autocast = functools.partial(torch.autocast, "cuda", dtype=torch.bfloat16)

    def step():
        with autocast():
            loss = models.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step, sum(p.numel() for p in parameters)


def timed(step, steps):
    """Seconds of the host's clock for a step: until all were issued, and until the device had done them."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    issued = time.perf_counter() - start
    torch.cuda.synchronize()
    return issued / steps, (time.perf_counter() - start) / steps


def measure(models, case):
    step, parameters = make_step(models, case)
    timed(step, WARM_UP)
    steps = max(2, round(REPEAT_SECONDS / timed(step, WARM_UP)[1]))
    torch.cuda.reset_peak_memory_stats()
    issued, done = zip(*(timed(step, steps) for _ in range(REPEATS)))
    return {
        "parameters": parameters,
        "steps_a_repeat": steps,
        "unit": "s",
        **spread(done),
        "issued_median": spread(issued)["median"],
        "peak_allocated": torch.cuda.max_memory_allocated(),
        "peak_reserved": torch.cuda.max_memory_reserved(),
    }


def describe(case):
    model = case["model"]
    sizes = {
        "mlp": lambda: "-".join(map(str, model["widths"])),
        "chain": lambda: f"{model['depth']}x{model['width']}",
        "gpt": lambda: f"{model['depth']}x{model['width']} context {model['context']} vocabulary {model['vocab']}",
    }[model["kind"]]()
    rule = dict(case["optimizer"])
    del rule["lr"]
    plan = case["checkpoint"]
    return {
        "id": case["id"],
        "model": f"{model['kind']} {sizes}",
        "batch": case["batch"],
        "precision": case["precision"],
        "optimizer": " ".join([rule.pop("name"), *(f"{name}={value}" for name, value in rule.items())]),
        "checkpoint": plan["kind"] if plan else "none",
    }


def time_steps(models, out, clocks):
    table = Table(out / "step_times.csv", COLUMNS)
    for case in step_cases():
        say(f"steps: {case['id']}")
        torch.backends.cuda.matmul.allow_tf32 = case["precision"] == "tf32"
        start = time.perf_counter()
        measured = measure(models, case)
        table.add(**describe(case), **measured, **clocks.since(start))
        torch.cuda.empty_cache()
    torch.backends.cuda.matmul.allow_tf32 = False
