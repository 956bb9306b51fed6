#!/usr/bin/env python3
"""Checks the links of all Markdown files: each relative one must lead to a file, and to a heading if it names one.

    links.py [FILE...]      all pages, unless some are named

Without a network: what begins with a scheme is not looked at.
"""
import fnmatch
import os
import re
import subprocess
import sys

FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+).+?\1")
LINK = re.compile(r"(!?)\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?([^\s)>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+<?(\S+?)>?\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)


def tracked(*patterns):
    """The files of the project, including new ones: those that git would add, or all in an unpacked archive."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if listed.returncode == 0:
        files = listed.stdout.decode().split("\0")
    else:
        files = [os.path.relpath(os.path.join(folder, name), ".") for folder, folders, names in os.walk(".")
                 if "target" not in folder.split(os.sep) for name in names]
        files = [file for file in files if not patterns or any(fnmatch.fnmatch(file, pattern) for pattern in patterns)]
    return sorted({file for file in files if file and os.path.isfile(file)})


def prose(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    # Keeps the number of lines.
    text = FENCE.sub(lambda block: "\n" * block.group().count("\n"), text)
    return re.sub(r"^(    |\t).*$", "", text, flags=re.MULTILINE)


def anchors(path):
    """GitHub's anchors of the headings of a page."""
    found = set()
    for heading in HEADING.findall(prose(path)):
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def targets(text):
    """The targets of the links, with the numbers of their lines. A link's text may be code; a link within code does not
    count.
    """
    hidden = CODE.sub(lambda code: "`" + "x" * (len(code.group()) - 2) + "`", text)
    for match in list(LINK.finditer(hidden)):
        yield text.count("\n", 0, match.start()) + 1, match.group(2)
    for match in REFERENCE.finditer(hidden):
        yield text.count("\n", 0, match.start()) + 1, match.group(1)


def broken(path):
    """The faults of a page's links, and the number of links."""
    wrong, count = [], 0
    for line, target in targets(prose(path)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        count += 1
        file, _, anchor = target.partition("#")
        place = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if target.startswith("/") or place.startswith(".."):
            wrong.append(f"{path}:{line}: {target} leads out of the project")
        elif not os.path.exists(place):
            wrong.append(f"{path}:{line}: there is no {target}")
        elif anchor and place.endswith(".md") and anchor not in anchors(place):
            wrong.append(f"{path}:{line}: {place} has no heading #{anchor}")
    return wrong, count


def main(arguments):
    pages = arguments or tracked("*.md")
    wrong, count = [], 0
    for page in pages:
        found, links = broken(page)
        wrong += found
        count += links
    print("\n".join(wrong) if wrong else f"{count} links of {len(pages)} pages lead somewhere")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
