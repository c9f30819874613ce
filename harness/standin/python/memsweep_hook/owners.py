"""Whose memory is whose: address ranges of parameters, buffers, gradients and optimizer state."""

import gc


def _range_of(tensor):
    """[address, bytes] of a tensor's storage on a GPU, else None."""
    tensor = getattr(tensor, "_local_tensor", tensor)  # of a DTensor: this process's part
    try:
        if not tensor.is_cuda:
            return None
        storage = tensor.untyped_storage()
        return [storage.data_ptr(), storage.nbytes()]
    except Exception:  # storage that a subclass of Tensor does not have
        return None


def _tensors_in(value, torch):
    """Tensors in nested dictionaries, lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors_in(item, torch)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors_in(item, torch)


def _ranges(tensors):
    return [found for found in map(_range_of, tensors) if found is not None and found[1] > 0]


def of_optimizer(optimizer, torch):
    """Ranges by category of what an optimizer knows."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    return {
        "parameters": _ranges(parameters),
        "gradients": _ranges(p.grad for p in parameters if p.grad is not None),
        "optimizer state": _ranges(_tensors_in(dict(optimizer.state), torch)),
    }


def of_everything(torch):
    """Ranges by category of every module and optimizer that is alive."""
    found = {"parameters": [], "buffers": [], "gradients": [], "optimizer state": []}
    for thing in gc.get_objects():
        kind = type(thing)
        if issubclass(kind, torch.nn.Module):
            parameters = [p for p in thing.__dict__.get("_parameters", {}).values() if p is not None]
            buffers = [b for b in thing.__dict__.get("_buffers", {}).values() if b is not None]
            found["parameters"] += _ranges(parameters)
            found["gradients"] += _ranges(p.grad for p in parameters if p.grad is not None)
            found["buffers"] += _ranges(buffers)
        elif issubclass(kind, torch.optim.Optimizer) and hasattr(thing, "param_groups"):
            for category, ranges in of_optimizer(thing, torch).items():
                found[category] += ranges
    return found
