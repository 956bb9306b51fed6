"""A peer of the open domain LAB: writes to the slot "alerts" of all computers, prints one message to its slot "py".

    open.py ENDPOINT        # such as tcp/hub.example:7447
"""
import json
import queue
import sys

import zenoh

PREFIX = "mailslot/1/open/LAB"

config = zenoh.Config()
config.insert_json5("mode", '"client"')
config.insert_json5("scouting/multicast/enabled", "false")
config.insert_json5("connect/endpoints", json.dumps([sys.argv[1]]))
with zenoh.open(config) as session:
    arrived = queue.Queue()
    # First the subscriber, then the token: whoever sees the token may count on the subscriber.
    subscriber = session.declare_subscriber(f"{PREFIX}/all/PY", lambda sample: arrived.put(bytes(sample.payload)))
    token = session.liveliness().declare_token(f"{PREFIX}/at/PEER1/PY")
    session.put(f"{PREFIX}/all/ALERTS", "boiler 3: over pressure")
    print(arrived.get().decode())
