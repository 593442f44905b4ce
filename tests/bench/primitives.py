"""The groups' operations beside libsodium, libsecp256k1, OpenSSL and libdecaf, by the C programs of native/bench."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BUILT = Path("build/native/peers/core")
GROUPS = ("edwards25519", "p256", "secp256k1", "edwards448")  # edwards25519 measures ristretto255 too


def section() -> None:
    """Prints what each program prints: nanoseconds, and the ratio to the named operation of the same run."""
    for group in GROUPS:
        program = BUILT / group / f"bench_{group}"
        if not program.exists():
            sys.exit(f"{program} is not there: `make peers` builds it")
        print(f"\n{group}", flush=True)
        subprocess.run([program], check=True)
