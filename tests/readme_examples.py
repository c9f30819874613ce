"""Writes the C++ examples of a Markdown file to files, to be compiled.

Usage: readme_examples.py MARKDOWN FOLDER. A block's first line is a comment with the path that it would have; its file
has that path's name. Prints the files, separated by semicolons; exits 1 if there is none.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"```cpp\n(// \S+/(\w+\.cpp)\b.*?)```", re.DOTALL)


def main():
    markdown, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for text, name in BLOCK.findall(markdown.read_text(encoding="utf-8")):
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
        files.append(file.as_posix())
    if not files:
        sys.exit(f"{markdown} has no example")
    print(*files, sep=";", end="")


if __name__ == "__main__":
    main()
