"""A load generator that is not the bottleneck: requests signed beforehand, raw HTTP/1.1 over kept TLS connections."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvloop

from thresign.client import Profile


@dataclass
class Figures:
    """Of one run: seconds of wall time, and milliseconds a request."""

    requests: int
    seconds: float
    latencies_ms: list[float]
    statuses: dict[int, int]
    problems: list[str]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def percentile(self, p: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * p))]


def presign(profile: Profile, key: str, count: int, size: int = 32, tag: str = "b") -> list[bytes]:
    """`count` sign requests of messages of `size` bytes, as they go over the wire."""
    path = f"/v1/keys/{key}/sign"
    created = int(time.time())
    out = []
    for i in range(count):
        body = f"{tag}{i}".encode().ljust(size, b".")
        headers = profile.post_headers(path, body, "application/octet-stream", f"{tag}-{created}-{i}", created, 120)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        out.append(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body)
    return out


async def _connection(host: str, port: int, context: ssl.SSLContext, requests: list[bytes], figures: Figures) -> None:
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    while requests:
        request = requests.pop()
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        body = await reader.readexactly(length)
        if status >= 300 and len(figures.problems) < 5:
            figures.problems.append(body.decode("utf-8", "replace"))
        figures.latencies_ms.append((time.perf_counter() - began) * 1000)
        figures.statuses[status] = figures.statuses.get(status, 0) + 1
    writer.close()


def run(profile: Profile, urls: list[str], requests: list[bytes], concurrency: int) -> Figures:
    """Sends all requests over `concurrency` connections, spread over the nodes."""
    figures = Figures(len(requests), 0.0, [], {}, [])
    context = ssl.create_default_context(cadata=profile.domain.ca)

    async def all_() -> None:
        places = [urlsplit(url) for url in urls]
        began = time.perf_counter()
        await asyncio.gather(
            *(
                _connection(str(p.hostname), p.port or 443, context, requests, figures)
                for p in (places[i % len(places)] for i in range(concurrency))
            )
        )
        figures.seconds = time.perf_counter() - began

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(all_())
    return figures
