#!/usr/bin/env python3
"""Checks a book that docs/build-book made: each page of docs is a chapter, and each link leads to a file, and to a
place in it.

    book.py BOOK DOCS
"""
import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.places = set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, _, attributes):
        for name, value in attributes:
            if name in ("href", "src"):
                self.links.add(value)
            elif name == "id":
                self.places.add(value)


def wrong(book, docs):
    chapters = {page.stem for page in docs.glob("*.md")} - {"SUMMARY", "README"}
    # 404.html is shown at any address, and print.html has the links of all pages.
    pages = {path: Page(path) for path in sorted(book.rglob("*.html")) if path.name not in ("404.html", "print.html")}
    for chapter in sorted(chapters - {path.stem for path in pages}):
        yield f"{chapter}.md is not in SUMMARY.md"
    for path, page in pages.items():
        for link in sorted(page.links):
            url = urllib.parse.urlsplit(link)
            if url.scheme not in ("", "file"):
                continue
            target = pathlib.Path(urllib.parse.unquote(url.path))
            target = (path.parent / target).resolve() if url.path else path
            if not target.exists():
                yield f"{path.name}: there is no {link}"
            elif url.fragment and target in pages and url.fragment not in pages[target].places:
                yield f"{path.name}: {target.name} has no place {url.fragment}"


found = list(wrong(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])))
print("\n".join(found) or "every page is in the book, and its links lead somewhere")
sys.exit(bool(found))
