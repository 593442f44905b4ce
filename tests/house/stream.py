"""A stream of sign requests from several callers, each of which fails over between nodes under one idempotency key."""

from __future__ import annotations

import base64
import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from thresign.client import Client, Profile
from thresign.errors import ThresignError
from thresign.groups import ed25519


@dataclass
class Asked:
    """One request, and how it ended. Times are of the monotonic clock."""

    idempotency_key: str
    message: bytes
    began_s: float
    ended_s: float = 0.0
    request_id: str = ""
    signature: bytes = b""
    error: ThresignError | None = None


@dataclass
class Stream:
    """What was asked so far; `record` is called from the callers' threads."""

    answered: list[Asked] = field(default_factory=list)
    failed: list[Asked] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def record(self, asked: Asked) -> None:
        with self._changed:
            if asked.error is None:
                self.answered.append(asked)
            else:
                self.failed.append(asked)
            self._changed.notify_all()

    def wait_answered(self, count: int, after_s: float, within_s: float) -> None:
        """Waits until `count` requests that began after this moment are answered."""

        def enough() -> bool:
            return sum(asked.began_s >= after_s for asked in self.answered) >= count or bool(self.failed)

        with self._changed:
            done = self._changed.wait_for(enough, within_s)
        assert not self.failed, [str(asked.error) for asked in self.failed]
        assert done, f"fewer than {count} requests were answered within {within_s} s"

    def longest_silence_s(self, since_s: float) -> float:
        """The longest time without any answer from this moment until the newest answer."""
        times = sorted(asked.ended_s for asked in self.answered if asked.ended_s >= since_s)
        return max(b - a for a, b in itertools.pairwise([since_s, *times]))

    def wait_silence_over(self, since_s: float, within_s: float) -> float:
        """Waits for the first answer after this moment to a request that began after it; how long that took."""
        self.wait_answered(1, since_s, within_s)
        return min(asked.ended_s for asked in self.answered if asked.began_s >= since_s) - since_s


def rotated(profile: Profile, by: int) -> Profile:
    """The same caller, who asks another node first."""
    urls = profile.urls[by % len(profile.urls) :] + profile.urls[: by % len(profile.urls)]
    return Profile(profile.domain, profile.caller, profile._key, urls)


@contextlib.contextmanager
def streaming(profile: Profile, key: str, callers: int, name: str, timeout_s: float = 30.0) -> Iterator[Stream]:
    """Callers that ask one request after the other, until the end; then all have their last answer."""
    stream, over = Stream(), threading.Event()

    def ask(number: int) -> None:
        with Client(rotated(profile, number), timeout_s=timeout_s) as client:
            for count in itertools.count():
                if over.is_set():
                    return
                what = f"{name}-{number}-{count}"
                asked = Asked(what, f"message {what}".encode(), time.monotonic())
                try:
                    view = client.sign(key, asked.message, what)
                    asked.request_id, asked.signature = view.request_id, base64.b64decode(view.signature)
                except ThresignError as error:
                    asked.error = error
                asked.ended_s = time.monotonic()
                stream.record(asked)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield stream
    finally:
        over.set()
        for thread in threads:
            thread.join()


def check_one_signature_each(stream: Stream, public_key: bytes) -> None:
    """Every request has an answer, and every answer is a signature over its message."""
    assert not stream.failed, [(asked.idempotency_key, str(asked.error)) for asked in stream.failed]
    for asked in stream.answered:
        assert ed25519.is_valid(public_key, asked.message, asked.signature), asked.idempotency_key


def eventually(condition: Callable[[], bool], within_s: float, what: str) -> None:
    """Waits for a condition of another process."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)
