#!/usr/bin/env python3
"""resolver.py DELAY_MS - a DNS server on the loopback interface: print its port, and answer every question for an address
DELAY_MS later with one made from the name. Ends with the process that started it."""

import asyncio
import ctypes
import signal
import sys
import zlib

PR_SET_PDEATHSIG = 1
TYPE_A = b"\0\1"


def reply(question):
    end = 12
    while end < len(question) and question[end]:
        end += question[end] + 1
    end += 5
    answers = question[end - 4:end - 2] == TYPE_A
    address = zlib.crc32(question[12:end].lower()).to_bytes(4, "big")
    head = question[:2] + b"\x84\0\0\1\0" + bytes([answers]) + b"\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + address if answers else b""
    return head + question[12:end] + record


class Resolver(asyncio.DatagramProtocol):
    def __init__(self, delay_s):
        self.delay_s = delay_s

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        asyncio.get_running_loop().call_later(self.delay_s, self.transport.sendto, reply(data), addr)


async def main(delay_s):
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Resolver(delay_s), local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
asyncio.run(main(float(sys.argv[1]) / 1000))
