"""Does the device serve what PyTorch's allocator was recorded to ask of one?"""

import gzip

from gpu_checks import program
from gpu_checks.check import Outcome, passed
from gpu_checks.program import last_line

TRACES = (
    "default_1stream default_3streams default_tight expandable expandable_tight gc06 record_stream_tight roundup4 "
    "split20_tight switch_expandable vector_26 corner_C1_oom"
).split()


def allocator_traces(place):
    """What PyTorch's allocator was recorded to ask of a device, asked of this one."""
    files = [place.root / "tests" / "golden" / "allocator" / f"{name}.trace.gz" for name in TRACES]
    profile = program.profile(place)
    fitting = [(file,) for file in files if device_peak(file) <= profile["memory_bytes"] - profile["context_bytes"]]
    found, remarks = place.each(fitting, lambda file: otherwise(place, file))
    wrong = list(filter(None, found))
    text = f"{len(found)} recordings, {len(wrong)} served otherwise; {len(files) - len(fitting)} need more memory than there is"
    return Outcome(not wrong and passed(remarks), "; ".join([text, *remarks, *wrong]))


def otherwise(place, file):
    """What differs from the recording; empty where nothing does."""
    found = program.run(place, "replay", "--check", "--take-from", place.device, file, check=False)
    if found.returncode == 0:
        return ""
    return f"{file.name}: {last_line(found.stderr) or ' '.join(found.stdout.splitlines()[1:4])}"


def device_peak(file):
    """Bytes that a recording takes from the device, at most."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        operations = (line for line in lines if line[0] not in "#dsmTSB")
        return max((int(line.rsplit(None, 1)[1]) for line in operations), default=0)
