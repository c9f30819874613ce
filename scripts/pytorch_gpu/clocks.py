"""Times of work on the GPU, and the clocks it ran at."""

import statistics
import subprocess
import threading
import time

import torch

PERIOD_MS = 50


class Clocks:
    """Reads the GPU's clock and power beside the measurements; empty where nvidia-smi is missing."""

    def __init__(self):
        self.samples = []  # (time, SM clock in MHz, power in W)
        self.process = None
        query = "--query-gpu=clocks.sm,power.draw"
        command = ["nvidia-smi", query, "--format=csv,noheader,nounits", f"-lms={PERIOD_MS}", "-i", "0"]
        try:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        except OSError:
            return
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            try:
                clock, power = map(float, line.split(","))
            except ValueError:
                continue
            self.samples.append((time.perf_counter(), clock, power))

    def since(self, start):
        """Medians over the time since start; of the newest sample where none fell into it."""
        taken = [sample for sample in self.samples if sample[0] >= start] or self.samples[-1:]
        if not taken:
            return {}
        return {
            "sm_clock_mhz": statistics.median(clock for _, clock, _ in taken),
            "power_w": statistics.median(power for _, _, power in taken),
        }

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


def device_seconds(run, repeats=10, at_least=3e-3):
    """Seconds one call keeps the device busy, once a repeat; a repeat is as many calls as last at_least seconds."""
    events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]

    def repeat(calls):
        torch.cuda.synchronize()
        events[0].record()
        for _ in range(calls):
            run()
        events[1].record()
        torch.cuda.synchronize()
        return events[0].elapsed_time(events[1]) * 1e-3 / calls

    repeat(3)
    calls = max(3, round(at_least / repeat(3)))
    return [repeat(calls) for _ in range(repeats)]


def host_seconds(run, calls, repeats=10):
    """Seconds of the host's clock for one call: until all were issued, and until the device had done them."""
    issued, done = [], []
    for _ in range(repeats + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(calls):
            run()
        issued.append((time.perf_counter() - start) / calls)
        torch.cuda.synchronize()
        done.append((time.perf_counter() - start) / calls)
    return issued[1:], done[1:]
