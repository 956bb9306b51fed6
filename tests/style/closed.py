#!/usr/bin/env python3
"""Each public type that a field or a variant may join says so; the others are on a list, each with its reason.

    closed.py LIST FOLDER...    of the crates in these folders

A type is public if it is `pub`, wherever it stands: what is not for other crates is `pub(crate)`. It may grow if it is
`#[non_exhaustive]`, or a struct with a private field, which nobody else can make or take apart. A line of the list is
`CRATE::TYPE: REASON`, or `CRATE::*: REASON` for all of a crate.
"""
import pathlib
import re
import sys

ITEM = re.compile(r"^( *)pub (struct|enum|union) (\w+)")


def attributes(lines, at):
    """What stands right above an item."""
    first = at
    while first and lines[first - 1].strip() and not re.search(r"[;{}]$", lines[first - 1].split("//")[0].rstrip()):
        first -= 1
    return "\n".join(line for line in lines[first:at] if not line.lstrip().startswith("//"))


def fields(lines, at, indent):
    """The fields of a struct, each with its visibility, as rustfmt writes them."""
    head = lines[at]
    if head.endswith("{"):
        body = []
        for line in lines[at + 1:]:
            if line == indent + "}":
                break
            body.append(line)
        return [line for line in body if re.match(rf"^{indent}    (pub(\([^)]*\))? )?\w+:", line)]
    inner = re.search(r"\((.*)\)", head)
    return [part.strip() for part in inner.group(1).split(",")] if inner else []


def is_open(lines, at, indent, kind):
    if "non_exhaustive" in attributes(lines, at):
        return True
    return kind == "struct" and any(not field.lstrip().startswith("pub ") for field in fields(lines, at, indent))


def closed(folder):
    for path in sorted((folder / "src").rglob("*.rs")):
        if "tests" in path.parts or path.name == "tests.rs":
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for at, line in enumerate(lines):
            item = ITEM.match(line)
            if item and not is_open(lines, at, item.group(1), item.group(2)):
                yield item.group(3), path


def main(listed, folders):
    reasons = {}
    for line in pathlib.Path(listed).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, reason = line.split(": ", 1)
            reasons[name] = reason
    wrong, used = [], set()
    for folder in map(pathlib.Path, folders):
        for name, path in closed(folder):
            here = {f"{folder.name}::{name}", f"{folder.name}::*"} & reasons.keys()
            used |= here
            if not here:
                wrong.append(f"{path}: {name} is neither #[non_exhaustive] nor in {listed}")
    wrong += [f"{listed}: {name} is not there, or may grow" for name in reasons.keys() - used]
    print("\n".join(sorted(wrong)) if wrong else f"{len(reasons)} reasons, none too many and none too few")
    return 1 if wrong or not used else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]) if len(sys.argv) > 2 else __doc__)
