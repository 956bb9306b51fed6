#!/usr/bin/env python3
"""Checks that the files exist which pages name in code without a link: in the directory of the page's section, in
`crates`, or in the project.

    paths.py PAGE...

A heading may name folders in code: paths of its section are then in these.
"""
import glob
import os
import re
import sys

CODE = re.compile(r"`([^`\n]+)`")
# A source file, or a path of two parts, perhaps followed by a name: `session.rs: Ground`.
PATH = re.compile(r"^([\w.@-]+(?:/[\w.@-]+)*/?)(?:: ?\w+)?$")
SOURCE = re.compile(r"\.(rs|py|sh)$")
FOLDERS = ("crates", "tests", "docs", "fuzz", "packaging", "mailslot")


def looked_for(code):
    """The path in a piece of code, or None."""
    match = PATH.match(code)
    if not match:
        return None
    path = match.group(1)
    is_path = SOURCE.search(path) or "/" in path and path.split("/")[0].startswith(FOLDERS)
    return path if is_path else None


def is_there(path, folders):
    places = [os.path.join(folder, path) for folder in ("", "crates", *folders)]
    return any(os.path.exists(place) for place in places) or any(
        glob.glob(os.path.join(folder, "**", path), recursive=True) for folder in folders)


def main(pages):
    wrong, count = [], 0
    for page in pages:
        with open(page, encoding="utf-8") as file:
            lines = file.read().split("\n")
        folders = []
        for number, line in enumerate(lines, 1):
            if line.startswith("## "):
                named = [os.path.join("crates", path) for path in CODE.findall(line)] + CODE.findall(line)
                # Tests of a crate are beside its sources.
                folders = [place for path in named if os.path.isdir(path)
                           for place in (path, path.removesuffix("/src"))]
            for path in filter(None, map(looked_for, CODE.findall(line))):
                count += 1
                if not is_there(path, folders):
                    wrong.append(f"{page}:{number}: there is no {path}")
    print("\n".join(wrong) if wrong else f"{count} paths are there")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else __doc__)
