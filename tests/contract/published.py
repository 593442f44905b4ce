"""What under api/ is made from the code. `python -m tests.contract.published` writes it, tests compare it."""

from __future__ import annotations

import inspect
from pathlib import Path

import msgspec

from thresign.errors import ThresignError
from thresign.rest import openapi
from thresign.rest.problems import TABLE

API = Path(__file__).parents[2] / "api"

_HEAD = """\
# Problems

Errors are problem documents (RFC 9457, `application/problem+json`):

```json
{
  "type": "urn:thresign:problem:unknown_key",
  "title": "No such key",
  "status": 404,
  "detail": "no key 'nokey'",
  "request_id": "5f1c..."
}
```

`type` is stable and what programs should look at; `title` belongs to the type; `detail` says what was wrong this time,
for people. `request_id` is there when the request had one: a request that was not decided in time (`undecided`) may
still be, and is asked for under that id. `culprits` lists the numbers of modules that are proven to be at fault.

429 and 503 come with `Retry-After`. A retry with the same idempotency key never makes a second signature,
until its request has expired.
A type that is not listed here is a bug. This file is made from the code (`make api`), and a test compares the two.

| type `urn:thresign:problem:` | status | title | when |
|---|---|---|---|
"""


def openapi_json() -> bytes:
    """api/openapi.json."""
    return msgspec.json.format(msgspec.json.encode(openapi.document(), order="sorted"), indent=2) + b"\n"


def _when(kind: type[ThresignError]) -> str:
    """The first sentence of the class's docstring."""
    return (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")


def problems_md() -> bytes:
    """api/problems.md."""
    rows = sorted(TABLE.items(), key=lambda item: (item[1].status, item[0].code))
    lines = [f"| `{kind.code}` | {row.status} | {row.title} | {_when(kind)} |" for kind, row in rows]
    return (_HEAD + "\n".join(lines) + "\n").encode()


MADE = {"openapi.json": openapi_json, "problems.md": problems_md}

if __name__ == "__main__":
    for name, make in MADE.items():
        (API / name).write_bytes(make())
        print(API / name)
