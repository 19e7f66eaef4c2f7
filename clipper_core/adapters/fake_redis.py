"""A Redis for machines that have none: ``python -m clipper_core.adapters.fake_redis PORT``, on 127.0.0.1.

It keeps nothing when it ends, which is enough for a doorbell: the queue is rebuilt from the database. fakeredis'
own TCP server lacks three things that RQ and redis-py rely on; each is marked below.
"""

from __future__ import annotations

import os
import select
import sys
from socketserver import StreamRequestHandler
from typing import Any

import redis
from fakeredis import TcpFakeServer
from fakeredis._clients._sync import FakeRedisConnection
from fakeredis._clients._tcp_server import TCPFakeRequestHandler, Writer
from fakeredis._commands import command
from fakeredis.commands_mixins.server_mixin import ServerCommandsMixin

POLL_S = 0.01  # how long a reply that was not asked for, as to BLPOP, may wait
INFO = b"# Server\r\nredis_version:7.2.0\r\nredis_mode:standalone\r\n"


def info(_: Any, *sections: bytes) -> bytes:
    return INFO


# 1. RQ asks for the version before every dequeue; fakeredis does not know INFO.
ServerCommandsMixin.info = command(name="INFO", fixed=(), repeat=(bytes,))(info)  # type: ignore[attr-defined]


class Connection(TCPFakeRequestHandler):
    """One client, until it closes the connection."""

    def setup(self) -> None:
        StreamRequestHandler.setup(self)
        os.set_blocking(self.rfile.fileno(), False)
        self.writer = Writer(self.client_address, self.wfile, self)
        self.current_client = FakeRedisConnection(
            server=self.server.fake_server, writer=self.writer, client_info=self._about(), protocol=2
        )
        self.server.clients[self.client_address] = self.current_client

    def _about(self) -> dict[str, Any]:
        # 2. An address as a Python pair in CLIENT LIST breaks redis-py's parser: write it as Redis does.
        here, there = self.connection.getsockname(), self.connection.getpeername()
        return {
            "laddr": f"{here[0]}:{here[1]}",
            "addr": f"{there[0]}:{there[1]}",
            "fd": self.connection.fileno(),
        }

    def handle(self) -> None:
        while True:
            try:
                if not self._exchange():
                    return
            except redis.ResponseError as error:
                # 3. An error is an answer, and the connection goes on: NOSCRIPT is part of every first EVALSHA.
                self.writer.dump(error)
            except (ConnectionError, OSError):
                return

    def _exchange(self) -> bool:
        """Pass one reply out or one line in; False when the client is gone."""
        if self.current_client.can_read():
            self.writer.dump(self.current_client.read_response())
            return True
        line = self.rfile.readline()
        if not line:
            readable, _, _ = select.select([self.connection], [], [], POLL_S)
            line = self.rfile.readline() if readable else b""
            if readable and not line:
                return False
        if line:
            self.current_client.get_socket().sendall(line)
        return True


def main(port: int) -> None:
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis", server_version=(7, 2))
    server.RequestHandlerClass = Connection
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
