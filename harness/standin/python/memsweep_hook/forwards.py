"""When forward passes began: at the first block that was asked for inside a call of a module.

That is read from PyTorch's history afterwards. A hook on modules would be seen by torch.compile, which warns of it
and cannot compile it.
"""

_MODULE_CALLS = (("torch/nn/modules/module.py", "_call_impl"), ("torch/_dynamo/eval_frame.py", "compile_wrapper"))


def is_in_module(file, function):
    """Whether a frame is PyTorch's call of a module, or of a compiled function."""
    return any(function == name and file.endswith(path) for path, name in _MODULE_CALLS)


def _stacks(events, total):
    """The number of the first call of the allocator that the history has, and the stack of each; None: it freed."""
    stacks = []
    for event in events:
        if event["action"] == "alloc":
            stacks.append(event.get("frames", ()))
        elif event["action"] == "free_completed":
            stacks.append(None)
    return total - len(stacks), stacks


def _first(history, begin, end):
    """The number of the first call in [begin, end) that was made in a module; None: there is none."""
    before, stacks = history
    for number in range(max(begin, before), min(end, before + len(stacks))):
        stack = stacks[number - before]
        if stack and any(is_in_module(frame["filename"], frame["name"]) for frame in stack):
            return number
    return None


def with_forwards(marks, events, totals):
    """The marks of phases with those of forward passes between them. `events`: PyTorch's history by device; `totals`:
    calls made at the end, by device."""
    histories = [_stacks(*of_device) for of_device in zip(events, totals)]
    marks = [{"calls": [0] * len(totals), "phase": "setup", "step": 0}, *marks]
    ends = [mark["calls"] for mark in marks[1:]] + [totals]
    found = []
    for mark, end in zip(marks, ends):
        after = found[-1]["phase"] if found else "setup"
        found.append(mark)
        if mark["phase"] not in ("setup", "between"):
            continue
        step = mark["step"] + (after in ("setup", "optimizer"))  # the optimizer's was the last of its step
        first = [_first(*window) for window in zip(histories, mark["calls"], end)]
        if any(number is not None for number in first):
            calls = [last if number is None else number for number, last in zip(first, end)]
            found.append({"calls": calls, "phase": "forward", "step": step})
    return found[1:]
