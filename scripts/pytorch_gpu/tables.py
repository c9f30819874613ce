"""Tables that are written row by row, so that a run which is cut off keeps what it has."""

import csv
import json
import statistics
import sys


class Table:
    """A CSV file with the given columns; a row is on disk when `add` returns."""

    def __init__(self, path, columns):
        self.file = open(path, "w", encoding="utf-8", newline="")
        self.writer = csv.DictWriter(self.file, columns, lineterminator="\n")
        self.writer.writeheader()

    def add(self, **row):
        self.writer.writerow({name: short(value) for name, value in row.items()})
        self.file.flush()


class JsonLines:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")

    def add(self, value):
        self.file.write(json.dumps(value, separators=(",", ":")) + "\n")
        self.file.flush()


def short(value):
    return f"{value:.6g}" if isinstance(value, float) else value


def spread(values):
    return {
        "repeats": len(values),
        "median": statistics.median(values),
        "minimum": min(values),
        "maximum": max(values),
    }


def say(text):
    print(text, file=sys.stderr, flush=True)
