"""Put in PYTHONPATH: this Python and all that it starts are on a network that swallows every packet.

A connection to another machine, and the look-up of its name, take as long as the caller lets them and then fail.
This machine itself stays reachable (a kernel talks to its notebook). OFFLINE_LOG names a file that says so.
"""

import ipaddress
import os
import socket
import time

FOREVER = 600.0  # seconds; no lesson waits so long
HERE = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None}

_connect, _connect_ex, _look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


def _note(text):
    if os.environ.get("OFFLINE_LOG"):
        with open(os.environ["OFFLINE_LOG"], "a") as log:
            log.write(f"{os.getpid()} {text}\n")


def _swallow(self, address):
    """Waits as a lost packet makes one wait, if `address` is another machine's."""
    if not isinstance(address, tuple) or address[0] in HERE or self.type == socket.SOCK_DGRAM:
        return
    _note(f"connect {address[0]}")
    limit = self.gettimeout()
    time.sleep(FOREVER if limit is None else limit)
    raise TimeoutError("timed out")


def connect(self, address):
    _swallow(self, address)
    return _connect(self, address)


def connect_ex(self, address):
    _swallow(self, address)
    return _connect_ex(self, address)


def getaddrinfo(host, *arguments, **options):
    name = host.decode() if isinstance(host, bytes) else host
    if name not in HERE and name != socket.gethostname() and not _is_number(name):
        _note(f"look up {name}")
        time.sleep(FOREVER)
        raise socket.gaierror(socket.EAI_AGAIN, "temporary failure in name resolution")
    return _look_up(host, *arguments, **options)


def _is_number(name):
    """An address needs no look-up."""
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = connect, connect_ex, getaddrinfo
_note("offline")
