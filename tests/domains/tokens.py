"""Declares presences that no key opens, and takes them back when its standard input ends: what anybody can who reaches
a node's network.
"""
import base64
import secrets
import sys

import peer

endpoint, prefix, number = sys.argv[1], sys.argv[2], int(sys.argv[3])


def token():
    random = secrets.token_bytes(16)
    sealed = b"\1" + secrets.token_bytes(8) + random + secrets.token_bytes(40)
    return f"{prefix}/at/{random[0]:02x}/{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


# The node is busy, and may not answer at once.
session = peer.session(endpoint, connect__timeout_ms=-1)
tokens = [session.liveliness().declare_token(token()) for _ in range(number)]
print("declared", flush=True)
sys.stdin.read()
for one in tokens:
    one.undeclare()
session.close()
print("gone", flush=True)
