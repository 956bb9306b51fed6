#!/usr/bin/env python3
"""Extracts prose and comments from files.

    prose.py write DIRECTORY    a copy of each file with everything else left blank, so that lines keep their numbers
    prose.py check              the word "own" after an article, which says nothing of whose; and the width of Markdown
                                and of comments in Rust, which rustfmt leaves as they are
"""
import os
import re
import sys

from links import FENCE, tracked

C = [".rs", ".c", ".h", ".cpp", ".js", ".go", ".cs", ".lua"]
HASH = [".py", ".sh", ".toml", ".yml", ".yaml", ".cmake", ".fish", ".service", ".conf"]
# A string, so that no comment begins in it, or a comment.
C_PARTS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\\n])\'|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
HASH_PARTS = re.compile(r'(""".*?""")|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|(?:^|(?<=\s))(#(?!!)[^\n]*)',
                        re.DOTALL | re.MULTILINE)
WIDTH = 120
# A comment on a line of its own, and not a row of a table.
RUST = re.compile(r"\s*//(?![/!]? \|)")
# Also across line ends in a comment.
OWN = re.compile(r"\b(?:the|an)[ \t]*(?:\n[ \t]*[/!#*]*)?[ \t]+own\b", re.IGNORECASE)


def kind(path):
    """The kind of a file, by its name, or else by its first line."""
    _, extension = os.path.splitext(path)
    if extension == ".md":
        return "markdown"
    if extension in C:
        return "c"
    if extension in HASH:
        return "hash"
    if not extension or "/" not in path:
        with open(path, "rb") as file:
            if file.read(2) == b"#!":
                return "hash"
    return None


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def comments(text, parts):
    """The text with everything except comments blanked."""
    found, at = [], 0
    for match in parts.finditer(text):
        comment = next((group for group in match.groups() if group), None)
        if comment:
            start = match.start() + match.group().index(comment)
            found += [blank(text[at:start]), comment]
            at = start + len(comment)
    return "".join(found) + blank(text[at:])


def prose(path):
    """None for a file without comments, or that is not text."""
    what = kind(path)
    if what is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except UnicodeDecodeError:
        return None
    if what == "markdown":
        return FENCE.sub(lambda block: blank(block.group()), text)
    return comments(text, C_PARTS if what == "c" else HASH_PARTS)


def write(directory):
    count = 0
    for path in tracked():
        text = prose(path)
        if text and text.strip():
            place = os.path.join(directory, path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "w", encoding="utf-8") as file:
                file.write(text)
            count += 1
    print(f"{count} files have prose")


def check():
    wrong = []
    for path in tracked():
        if kind(path) is None:
            continue
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except UnicodeDecodeError:
            continue
        # In strings as well, because people read them.
        for match in OWN.finditer(text):
            wrong.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: say whose: {match.group()!r}")
        if path.endswith(".md"):
            lines = enumerate(text.split("\n"), 1)
            # A row of a table is one line, and so is a link that is longer than a line.
            wrong += [f"{path}:{number}: {len(line)} columns, and {WIDTH} are allowed" for number, line in lines
                      if len(line) > WIDTH and not line.startswith("|") and " " in line.strip()]
        elif path.endswith(".rs"):
            lines = enumerate(text.split("\n"), 1)
            wrong += [f"{path}:{number}: {len(line)} columns, and {WIDTH} are allowed" for number, line in lines
                      if len(line) > WIDTH and RUST.match(line) and " " in line.split("//")[1].strip("/! ")]
    print("\n".join(wrong) if wrong else "nothing is wrong with the prose")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"] and len(sys.argv) == 3:
        write(sys.argv[2])
    elif sys.argv[1:] == ["check"]:
        sys.exit(check())
    else:
        sys.exit(__doc__)
