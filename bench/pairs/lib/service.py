"""service.py DELAY_MS: an HTTP server that answers each request after so long, however many there are. Prints its port."""
import asyncio, os, sys

BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 2000


async def serve(reader, writer):
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(float(sys.argv[1]) / 1000)
            writer.write(BODY)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while os.getppid() != 1:
        await asyncio.sleep(0.5)


asyncio.run(main())
