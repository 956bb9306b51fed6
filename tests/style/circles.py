#!/usr/bin/env python3
"""Source files of a published crate use each other one way: what leads back is in a list, with its reason.

    circles.py LIST          whether the files use each other in circles beyond what LIST allows
    circles.py LIST CRATE    prints which file of a crate uses which

LIST has lines `FILE uses FILE`, each with the reason in lines below it that begin with blanks. Without what it lists
there is no circle, and each of its lines is part of one. A file uses another one if it names an item of it, also by way
of a re-export; that a module names its children with `mod` or re-exports from them, and what tests name, does not
count.
"""
import glob
import os
import re
import sys

# A string or a character in which a comment could begin; or a comment.
HIDDEN = re.compile(
    r'b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\'\\])\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
MODULE = re.compile(r"((?:#\[[^\]]*\]\s*)*)(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*([;{])")
USE = re.compile(r"(?:^|(?<=[;{}\]]))\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.MULTILINE)
ITEM = re.compile(r"\b(?:fn|struct|enum|union|trait|const|static|type|macro_rules!)\s+(\w+)")
PATH = re.compile(r"(?<![\w:.])(\w+(?:\s*::\s*\w+)+)")


class File:
    """What a module's file has: its children, what it calls what it uses, and the items that it defines."""

    def __init__(self, path, module, code):
        self.path, self.module, self.code = path, module, code
        self.names, self.globs, self.used = {}, [], []
        self.items = set(ITEM.findall(code))


def crate_of(root):
    """The modules of a crate by their paths, from its root file on."""
    modules = {}
    add(modules, root, (), os.path.dirname(root))
    for file in modules.values():
        for public, tree in USE.findall(file.code):
            for path, name in leaves(re.sub(r"\s+", " ", tree)):
                for path in absolute(path, file, modules):
                    if not public:
                        file.used.append(path)
                    if name == "*":
                        file.globs.append(path)
                    else:
                        # Of several, each is for another system.
                        file.names.setdefault(name, []).append(path)
    return modules


def add(modules, path, module, folder):
    with open(path, encoding="utf-8") as text:
        code = without_tests(HIDDEN.sub(blank, text.read()))
    modules[module] = File(path, module, code)
    for attributes, name, end in MODULE.findall(code):
        if end == "{" or "path" in attributes:
            continue
        for child in (os.path.join(folder, name + ".rs"), os.path.join(folder, name, "mod.rs")):
            if os.path.exists(child):
                add(modules, child, (*module, name), os.path.join(folder, name))


def blank(hidden):
    """A string stays one, so that an attribute's value is seen to be there."""
    return '""' if hidden.group().endswith('"') else " "


def without_tests(code):
    """The code without modules and uses that are for tests alone."""
    while True:
        found = re.search(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*"
                          r"(?:pub(?:\([^)]*\))?\s+)?(?:mod|use|fn|impl)\b", code)
        if not found:
            return code
        at, depth = found.end(), 0
        while at < len(code):
            depth += {"{": 1, "}": -1}.get(code[at], 0)
            at += 1
            if depth == 0 and code[at - 1] in ";}":
                break
        code = code[:found.start()] + code[at:]


def leaves(tree, before=()):
    """The paths of a `use`, each with the name that it gives."""
    tree = tree.strip()
    if "{" not in tree:
        path, _, name = tree.partition(" as ")
        parts = (*before, *(part.strip() for part in path.split("::") if part.strip()))
        if parts[-1:] == ("self",) and len(parts) > 1:
            parts = parts[:-1]
        if parts:
            yield (parts[:-1], "*") if parts[-1] == "*" else (parts, name.strip() or parts[-1])
        return
    head, _, rest = tree.partition("{")
    before = (*before, *(part.strip() for part in head.split("::") if part.strip()))
    depth, begin, inside = 0, 0, rest[:rest.rindex("}")]
    for at, letter in enumerate(inside + ","):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield from leaves(inside[begin:at], before)
            begin = at + 1


def absolute(path, file, modules):
    """Paths from the root of the crate; none for what is of another one."""
    first, rest = path[0], path[1:]
    if first == "crate":
        return [rest]
    if first in ("self", "super"):
        module = file.module
        while first == "super" or first == "self":
            module = module[:-1] if first == "super" else module
            first, rest = (rest[0], rest[1:]) if rest else ("", ())
        return [(*module, first, *rest) if first else module]
    if (*file.module, first) in modules:
        return [(*file.module, *path)]
    return [(*known, *rest) for known in file.names.get(first, ())]


def defining(path, modules, seen=frozenset()):
    """The modules that define what a path leads to, by way of re-exports."""
    module = ()
    for at, part in enumerate(path):
        if (*module, part) in modules:
            module = (*module, part)
            continue
        file, rest = modules[module], path[at + 1:]
        if part in file.items:
            return {module}
        others = [*file.names.get(part, ()), *((*place, part) for place in file.globs)]
        others = {(*other, *rest) for other in others} - seen
        return {found for other in others for found in defining(other, modules, seen | others)}
    return {module}


def uses(modules):
    """Which file uses which."""
    graph = {}
    for file in modules.values():
        others = graph.setdefault(file.path, set())
        code = USE.sub(" ", file.code)
        named = (tuple(re.split(r"\s*::\s*", path)) for path in PATH.findall(code))
        paths = {*file.used, *(place for path in named for place in absolute(path, file, modules))}
        found = {modules[module].path for path in paths for module in defining(path, modules)}
        others |= found - {file.path}
    return graph


def circles(graph):
    """Sets of files each of which leads to each other one (Tarjan)."""
    number, low, stack, found = {}, {}, [], []

    def visit(file):
        number[file] = low[file] = len(number)
        stack.append(file)
        for other in sorted(graph.get(file, ())):
            if other not in number:
                visit(other)
                low[file] = min(low[file], low[other])
            elif other in stack:
                low[file] = min(low[file], number[other])
        if low[file] == number[file]:
            circle = set()
            while file not in circle:
                circle.add(stack.pop())
            if len(circle) > 1:
                found.append(circle)

    for file in sorted(graph):
        if file not in number:
            visit(file)
    return found


def allowed(path):
    """The uses that a list allows, and what is wrong with it."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"^#.*\n|^\n", "", file.read(), flags=re.MULTILINE)
    pairs = re.findall(r"^(\S+) uses (\S+)\n(?= +\S)", text, re.MULTILINE)
    unexplained = re.findall(r"^(\S.*)\n(?! +\S)", text, re.MULTILINE)
    return pairs, [f"{path}: nothing says why: {line}" for line in unexplained]


def main(list_path, *crates):
    graph = {}
    for crate in sorted(glob.glob("crates/*")):
        with open(os.path.join(crate, "Cargo.toml"), encoding="utf-8") as manifest:
            is_published = not re.search("^publish = false", manifest.read(), re.MULTILINE)
        for root in glob.glob(os.path.join(crate, "src", "lib.rs")) + glob.glob(os.path.join(crate, "src", "main.rs")):
            if is_published:
                graph.update(uses(crate_of(root)))
    if crates:
        for file, others in sorted(graph.items()):
            if file.startswith(os.path.join("crates", crates[0], "")):
                print(file, *(f"    {other}" for other in sorted(others)), sep="\n")
        return 0
    short = lambda file: file.removeprefix("crates/")
    graph = {short(file): set(map(short, others)) for file, others in graph.items()}
    pairs, wrong = allowed(list_path)
    for file, other in pairs:
        if other not in graph.get(file, ()):
            wrong.append(f"{list_path}: {file} does not use {other}")
        else:
            graph[file].remove(other)
    for circle in circles(graph):
        inside = [f"    {file} uses {other}" for file in sorted(circle) for other in sorted(graph[file] & circle)]
        wrong.append("\n".join([f"{len(circle)} files use each other in circles:", *inside]))
    if not wrong:
        for file, other in pairs:
            graph[file].add(other)
            if not circles(graph):
                wrong.append(f"{list_path}: {file} may use {other} anyway")
            graph[file].remove(other)
    print("\n".join(wrong) if wrong else f"{len(graph)} files use each other one way, but for {len(pairs)} uses")
    return 1 if wrong or not graph else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) in (2, 3) else __doc__)
