"""Prints the results of other NetBIOS libraries about a machine: clients.py LIBRARY COMPUTER ADDRESS.

Prints the address of the computer, asked for by broadcast to 255.255.255.255 as the library does by default, the
computer that has the address, and those of the names there that nmbd has as every other member of its workgroup."""
import sys

library, computer, address = sys.argv[1:]

if library == "impacket":
    from impacket import nmb

    client = nmb.NetBIOS()
    client.set_broadcastaddr("255.255.255.255")
    found = client.gethostbyname(computer, nmb.TYPE_WORKSTATION, timeout=5).entries
    print("address", *found)
    print("computer", client.getnetbiosname(address))
    entries = client.getnodestatus("*", address, timeout=5)
    usual = [entry for entry in entries if entry["TYPE"] in (0x00, 0x1E, 0x20)]
    print("names", *sorted(f"{entry['NAME'].decode().strip()}<{entry['TYPE']:02x}>" for entry in usual))
elif library == "pysmb":
    from nmb.NetBIOS import NetBIOS

    client = NetBIOS(broadcast=True, listen_port=0)
    print("address", *client.queryName(computer, timeout=5))
    print("computer", *client.queryIPForName(address, timeout=5)[:1])
    client.close()
else:
    sys.exit(f"no library {library}: impacket, pysmb")
