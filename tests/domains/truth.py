"""Checks the outcomes of confirmed writes while readers and nodes were killed. Prints each wrong one.

    truth.py DIRECTORY LIVES

There: writes-* (number, begin, end, outcome), deaths (what, when it was dead, when it was started again), and load-1,
load-2 ... with what each reader has read.
"""
import pathlib
import sys
from collections import Counter

directory, lives = pathlib.Path(sys.argv[1]), int(sys.argv[2])
writes, deaths = {}, []
for file in directory.glob("writes-*"):
    for line in file.read_text().splitlines():
        number, begin, end, *outcome = line.split(" ", 3)
        writes[number] = int(begin), int(end), "".join(outcome)
for line in (directory / "deaths").read_text().splitlines():
    what, dead, alive = line.split()
    deaths.append((what, int(dead), int(alive)))
read = [(directory / f"load-{life + 1}.out").read_text().split() for life in range(lives)]

for number, times in Counter(number for one in read for number in one).items():
    if times > 1:
        print(f"{number} was read {times} times")

for what, dead, alive in deaths:
    expected = {"no such slot"} if what == "reader" else {"silent", ""}
    for number, (begin, end, outcome) in writes.items():
        if begin > dead and end < alive and outcome not in expected:
            print(f"{number} was told {outcome!r} while the {what} was dead")

# A delivered message was read, unless it was still in the slot when the reader died: then no message whose write began
# after its write's end was read before that death.
ends = [dead for what, dead, _ in deaths if "reader" in what]
everything = {number for one in read for number in one}
for number, (begin, end, outcome) in writes.items():
    if outcome == "delivered" and number not in everything:
        life = sum(dead < begin for dead in ends)
        last = max((writes[other][0] for other in read[life] if other in writes), default=0)
        if life >= len(ends) or last > end:
            print(f"{number} was told delivered, and was neither read nor in the slot")
    if outcome not in ("delivered", "silent") and number in everything:
        print(f"{number} was told {outcome!r}, and was read")

for outcome in ("delivered", "no such slot"):
    if not any(told == outcome for _, _, told in writes.values()):
        print(f"nothing was told {outcome}")
