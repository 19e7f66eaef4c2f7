"""Runs OpenStack Swift with its S3 face on loopback: ``/usr/bin/python3 s3_swift.py FOLDER``. Started by s3_server.py.

Swift is a complete, independently written S3 server: it checks signatures, expiry, checksums and rights. Debian's
``python3-swift`` alone is enough. This file runs under the system's Python, so it imports nothing of ours. The three
storage servers and the proxy are processes below this one and end with it; the proxy's port is printed once it listens.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import warnings
from pathlib import Path

import eventlet

eventlet.monkey_patch()
warnings.simplefilter("ignore")

from swift.common import utils, wsgi  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402

HOST = "127.0.0.1"
DEATH = 1  # PR_SET_PDEATHSIG

SWIFT_CONF = """
[swift-hash]
swift_hash_path_suffix = clipper
swift_hash_path_prefix = tests
[storage-policy:0]
name = Policy-0
default = yes
"""

STORE_CONF = """
[DEFAULT]
swift_dir = {folder}/etc
devices = {folder}/node
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
network_chunk_size = 1048576
disk_chunk_size = 1048576
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY_CONF = """
[DEFAULT]
swift_dir = {folder}/etc
[pipeline:main]
pipeline = catch_errors s3api tempauth bulk slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
object_chunk_size = 1048576
client_chunk_size = 1048576
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_owner = {owner} .admin
user_test_guest = {guest}
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


def listen() -> socket.socket:
    """A free port, held from here on, so that servers side by side never meet."""
    listener = eventlet.listen((HOST, 0), backlog=256)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def configure(folder: Path, ports: dict[str, int]) -> None:
    etc = folder / "etc"
    etc.mkdir(parents=True)
    (folder / "node" / "d1").mkdir(parents=True)
    (etc / "swift.conf").write_text(SWIFT_CONF)
    for kind, port in ports.items():
        ring = RingBuilder(2, 1, 0)
        ring.add_dev({"region": 1, "zone": 1, "weight": 1, "ip": HOST, "port": port, "device": "d1"})
        ring.rebalance(seed=1)
        ring.get_ring().save(str(etc / f"{kind}.ring.gz"))
        (etc / f"{kind}.conf").write_text(STORE_CONF.format(folder=folder, kind=kind))
    keys = {"owner": os.environ["S3_OWNER"], "guest": os.environ["S3_GUEST"]}
    (etc / "proxy.conf").write_text(PROXY_CONF.format(folder=folder, **keys))


def end_with(parent: int) -> None:
    """Die when the process above does, however it dies."""
    ctypes.CDLL(None).prctl(DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class NoCache:
    """In place of memcached: what one request changed, the next one sees."""

    def get(self, *_: object, **__: object) -> None:
        return None

    set = delete = get


def serve(etc: Path, kind: str, listener: socket.socket) -> None:
    app = wsgi.loadapp(str(etc / f"{kind}.conf"), global_conf={"log_name": kind})

    def cacheless(environ: dict[str, object], start_response: object) -> object:
        environ["swift.cache"] = NoCache()
        return app(environ, start_response)

    eventlet.wsgi.server(
        listener,
        cacheless,
        utils.NullLogger(),
        protocol=wsgi.SwiftHttpProtocol,
        capitalize_response_headers=False,  # clients look for "ETag", which would become "Etag"
        max_size=256,
    )


def main() -> None:
    end_with(os.getppid())
    folder = Path(sys.argv[1]).resolve()
    os.fsync = os.fdatasync = lambda handle: None  # what a test stores need not outlive it
    listeners = {kind: listen() for kind in ("account", "container", "object", "proxy")}
    ports = {kind: listener.getsockname()[1] for kind, listener in listeners.items()}
    configure(folder, {kind: port for kind, port in ports.items() if kind != "proxy"})
    utils.set_swift_dir(str(folder / "etc"))
    mine = os.getpid()
    for kind, listener in listeners.items():
        if os.fork() == 0:
            end_with(mine)
            serve(folder / "etc", kind, listener)
    print(ports["proxy"], flush=True)
    os.wait()  # none of them ends by itself
    os._exit(1)


main()
