#!/usr/bin/env python3
"""Of several types of one name, at most one is imported bare; the others are written with their module.

    bare.py LIST FILE...

LIST has lines `NAME: CRATE...`: all files import NAME bare from these crates only, one of which defines it while the
others re-export it. A re-export (`pub use`) and an import under another name (`as`) are not bare.
"""
import os
import re
import sys

from circles import HIDDEN, USE, blank, leaves


def crate_of(path):
    """The crate of a source file, as `use` names it."""
    parts = path.split(os.sep)
    return parts[parts.index("crates") + 1].replace("-", "_") if "crates" in parts else ""


def bare(path):
    """The crate and the name of each import that keeps the name."""
    with open(path, encoding="utf-8") as file:
        code = HIDDEN.sub(blank, file.read())
    for public, tree in USE.findall(code):
        for parts, name in leaves(re.sub(r"\s+", " ", tree)):
            if not public and name == parts[-1]:
                yield crate_of(path) if parts[0] in ("crate", "self", "super") else parts[0], name


def main(listed, *files):
    with open(listed, encoding="utf-8") as file:
        lines = [line.strip().split(": ", 1) for line in file if not line.startswith("#")]
    crates = {name: of.split() for name, of in lines}
    found = [(path, crate, name) for path in files for crate, name in bare(path) if name in crates]
    wrong = [f"{path}: import the module of {name}: bare it is that of {crates[name][0]}"
             for path, crate, name in found if crate not in crates[name]]
    unused = crates.keys() - {name for _, _, name in found}
    wrong += [f"{listed}: nothing imports {name}" for name in sorted(unused)]
    print("\n".join(wrong) if wrong else f"{len(found)} imports of {len(crates)} names, each of one type")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else __doc__)
