"""Watches a process that uses PyTorch: when each phase of a step began, counted in calls of the allocator, whose
memory was whose, and every shortage. Nothing here may break the script that is watched."""

import atexit
import collections
import importlib
import os
import signal
import sys
import time

from memsweep_hook import owners, places, report, standin

_HISTORY = 200_000  # events that PyTorch keeps: a hundred MB, and a second to write and read them


class Watch:
    def __init__(self, torch):
        self.torch = torch
        self.pid = os.getpid()
        self.marks = []  # {"calls": by device, "phase", "step"}
        self.samples = []  # {"calls": by device, categories}
        self.shortages = []
        self.firsts = {}  # the place of each kind of thing that makes the results less sure, by its name
        self.step = 1
        self.wanted_steps = int(os.environ.get("MEMSWEEP_STEPS", "0"))
        self.sampled_peak = -1
        self.peaks = collections.defaultdict(int)  # by device and level, before the script set them back
        self.written = False

    def record(self):
        self.torch.cuda.memory._record_memory_history(
            "all", context="alloc", stacks="python", max_entries=_HISTORY
        )
        self.torch._C._cuda_attach_out_of_memory_observer(self.on_shortage)

    # ---- counting

    def stats(self, device):
        return self.torch._C._cuda_memoryStats(device)

    def calls(self):
        """Blocks handed out and taken back so far, by device."""
        counts = [self.stats(device)["allocation"]["all"] for device in range(self.torch.cuda.device_count())]
        return [count["allocated"] + count["freed"] for count in counts]

    def mark(self, phase):
        if self.torch.cuda.is_initialized():
            self.marks.append({"calls": self.calls(), "phase": phase, "step": self.step})

    def peak(self, device, level):
        """Since the start, whether the script set it back or not."""
        return max(self.peaks[device, level], self.stats(device)[level]["all"]["peak"])

    def keep_peaks(self, set_back):
        def watched(*args):
            for device in range(self.torch.cuda.device_count()):
                for level in report.LEVELS.values():
                    self.peaks[device, level] = self.peak(device, level)
            return set_back(*args)

        return watched

    def sample(self, ranges):
        self.samples.append({"calls": self.calls(), "ranges": ranges})

    # ---- phases

    def around_backward(self, backward):
        def watched(*args, **kwargs):
            self.mark("backward")
            try:
                return backward(*args, **kwargs)
            finally:
                self.mark("between")

        watched.__wrapped__ = backward
        watched.__doc__ = backward.__doc__
        return watched

    def before_optimizer(self, optimizer, args, kwargs):
        self.mark("optimizer")
        if not self.torch.cuda.is_initialized():
            return
        peak = sum(self.peak(device, "allocated_bytes") for device in range(self.torch.cuda.device_count()))
        # Modules are looked for once: what they hold then is what they hold later.
        if not self.samples:
            self.sample(owners.of_everything(self.torch))
        elif peak > self.sampled_peak:
            self.sample(owners.of_optimizer(optimizer, self.torch))
        self.sampled_peak = peak

    def after_optimizer(self, optimizer, args, kwargs):
        if self.torch.cuda.is_initialized() and self.step <= 2:  # state is made in the first step
            self.sample(owners.of_optimizer(optimizer, self.torch))
        self.mark("between")
        if self.step == self.wanted_steps:
            self.end("steps")
        self.step += 1

    # ---- shortages

    def on_shortage(self, device, requested, total, free):
        phase = self.marks[-1]["phase"] if self.marks else "setup"
        if phase in ("setup", "between") and places.is_in_module():
            phase = "forward"
        self.shortages.append(
            {
                "device": device,
                "requested": requested,
                "free": free,
                "phase": phase,
                "step": self.step,
                "place": places.now(),
            }
        )
        self.sample(owners.of_everything(self.torch))

    def on_first(self, what):
        self.firsts.setdefault(what, places.now())

    # ---- the end

    def write(self, ended):
        if os.getpid() == self.pid and not self.written:
            self.written = True
            report.write(self, ended)
            standin.write_report()  # now: how a process ends afterwards, nobody knows

    def let_threads_finish(self):
        """PyTorch's backward threads drop Python's objects a moment after backward() has returned. One that does
        so while Python (before 3.14) shuts down is made to exit, which ends the process with an abort; where
        kernels take no time, scripts often get there first."""
        if os.getpid() == self.pid and self.torch.cuda.is_initialized():
            time.sleep(0.05)

    def end(self, why):
        """Ends the process at once, with its report."""
        self.write(why)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    def on_terminate(self, number, frame):
        self.write("terminated")
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _safe(function):
    """A function whose errors do not reach the script; the first is told."""
    failed = False

    def guarded(*args):
        nonlocal failed
        try:
            function(*args)
        except Exception as error:
            if not failed:
                print(f"memsweep: the report lacks what {function.__name__} tells: {error!r}", file=sys.stderr)
            failed = True

    return guarded


@_safe
def begin(torch):
    """To be called when torch has been imported."""
    watch = Watch(torch)
    watch.write = _safe(watch.write)
    watch.on_shortage = _safe(watch.on_shortage)
    watch.mark = _safe(watch.mark)
    watch.sample = _safe(watch.sample)
    watch.on_first = _safe(watch.on_first)
    standin.watch(watch.on_first)
    atexit.register(watch.let_threads_finish)  # the last of these
    atexit.register(standin.unwatch)  # before the interpreter is gone
    atexit.register(watch.write, "exit")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, watch.on_terminate)
    torch.autograd.backward = watch.around_backward(torch.autograd.backward)
    optimizers = importlib.import_module("torch.optim.optimizer")  # torch.optim has deleted the name
    optimizers.register_optimizer_step_pre_hook(_safe(watch.before_optimizer))
    optimizers.register_optimizer_step_post_hook(_safe(watch.after_optimizer))
    for set_back in ("_cuda_resetPeakMemoryStats", "_accelerator_resetPeakStats"):
        if hasattr(torch._C, set_back):
            setattr(torch._C, set_back, watch.keep_peaks(getattr(torch._C, set_back)))
    torch.cuda._lazy_call(_safe(watch.record))
