"""Keeps the generated section of results/README.md equal to what the program says.

Usage: columns.py MEMSWEEP [--write]. Without --write: exits 1 with a sentence if they differ.
"""

import pathlib
import subprocess
import sys

BEGIN = "<!-- begin: memsweep list columns -->\n"
END = "<!-- end -->\n"


def main():
    program, *options = sys.argv[1:]
    readme = pathlib.Path(__file__).parent.parent / "results" / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END, 1)
    columns = subprocess.run([program, "list", "columns"], check=True, capture_output=True, text=True).stdout
    wanted = before + BEGIN + columns + END + after
    if wanted == text:
        return
    if "--write" not in options:
        sys.exit("results/README.md does not list the columns as they are; run scripts/columns.py build/release/memsweep --write")
    readme.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
