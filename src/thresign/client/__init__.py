"""The client: what a program uses to ask a trust domain for keys and signatures.

from thresign.client import Client, load_profile
with Client(load_profile("callers/admin.toml")) as client:
    signature = client.sign("release", b"message").signature
"""

from thresign.client.client import Client as Client
from thresign.client.profile import Profile as Profile
from thresign.client.profile import load_profile as load_profile
