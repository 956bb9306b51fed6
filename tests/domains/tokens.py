"""Declares presences that no key opens, and takes them back: what anybody can who reaches a node's network. A few thousand are there
at a time, as each costs Zenoh more than the one before."""
import base64
import secrets
import sys

import peer

AT_A_TIME = 3000

endpoint, prefix, number = sys.argv[1], sys.argv[2], int(sys.argv[3])


def token():
    random = secrets.token_bytes(16)
    sealed = b"\1" + secrets.token_bytes(8) + random + secrets.token_bytes(40)
    return f"{prefix}/at/{random[0]:02x}/{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


session = peer.session(endpoint)
while number:
    tokens = [session.liveliness().declare_token(token()) for _ in range(min(number, AT_A_TIME))]
    number -= len(tokens)
    if not number:
        print("declared", flush=True)
        sys.stdin.readline()
    for one in tokens:
        one.undeclare()
session.close()
print("gone", flush=True)
