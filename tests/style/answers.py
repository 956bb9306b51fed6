#!/usr/bin/env python3
"""Checks that each row of a page's tables that ends with a link and a piece of code names a file with this code.

    answers.py PAGE
"""
import os
import re
import sys

ROW = re.compile(r"^\| \d+ \| \[`[^`]+`\]\(([^)]+)\) \| `([^`]+)` \|$", re.MULTILINE)


def main(page):
    with open(page, encoding="utf-8") as file:
        rows = ROW.findall(file.read())
    wrong = []
    for target, code in rows:
        path = os.path.join(os.path.dirname(page), target)
        with open(path, encoding="utf-8") as file:
            if not re.search(re.escape(code) + r"\b", file.read()):
                wrong.append(f"{target} has no `{code}`")
    print("\n".join(wrong) if wrong else f"{len(rows)} answers are right")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
