"""What a measurement was made with."""

import datetime
import json
import os
import platform
import subprocess
import sys

QUERY = "name driver_version vbios_version memory.total memory.used clocks.max.sm clocks.max.mem power.limit mig.mode.current"

# Runs in a process of its own, since a context takes memory on the device and must not be there later.
PROBE = """
import json, torch
if torch.cuda.is_available():
    device = torch.cuda.get_device_properties(0)
    print(json.dumps({
        "gpu": device.name,
        "compute_capability": f"{device.major}.{device.minor}",
        "multiprocessors": device.multi_processor_count,
        "threads_per_multiprocessor": device.max_threads_per_multi_processor,
        "l2_bytes": device.L2_cache_size,
        "total_memory": device.total_memory,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }))
"""


def nvidia_smi(what, fields):
    """A query's values by field name, one dict a line of the answer; none where it is missing."""
    command = ["nvidia-smi", f"--query-{what}={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    except OSError:
        return []
    return [dict(zip(fields, line.split(", "))) for line in out.splitlines()]


def environment():
    """None where there is no PyTorch or no GPU that it can use."""
    probe = subprocess.run([sys.executable, "-c", PROBE], stdout=subprocess.PIPE, text=True, check=True)
    if not probe.stdout:
        return None
    gpus = nvidia_smi("gpu", QUERY.split())
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        **json.loads(probe.stdout),
        "nvidia_smi": gpus[0] if gpus else {},
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cpu": cpu_name(),
        "cpu_cores": os.cpu_count(),
    }


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        return ""
