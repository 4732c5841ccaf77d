"""A connection from each process of a training to the first, which the kernel closes where a process ends.

A process that waits for another one inside gloo or NCCL hears of its end late, or never, and nothing there says whose
end it was. Here rank 0 hears at once, says who it was, and lets the others end.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from datasets_ext.command import REFUSED

# Keepalive finds a machine that lost its power or its network: 10 s of silence, then 4 questions 5 s apart.
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
_SECONDS_TO_CONNECT = 20
_SECONDS_TO_END = 10.0
# Until keepalive has found a lost machine, and some more.
_SECONDS_TO_NOTICE = 45.0
# What all processes end with, by why the first did.
_CODES = {"interrupted": 128 + signal.SIGINT, "fault": 1}


class Store(Protocol):
    """What of torch's stores is used: values by key that all processes see."""

    def set(self, key: str, value: str) -> Any:
        """Sets a value."""

    def get(self, key: str) -> bytes:
        """A value, waited for."""


@dataclass(frozen=True)
class Member:
    """One process of a training.

    Attributes:
        rank: of all processes.
        speaks: whether it tells of the end of rank 0, which nobody else can.
        host: name of its machine.
        pid: its number there.
    """

    rank: int
    speaks: bool
    host: str
    pid: int

    def __str__(self) -> str:
        return f"rank {self.rank} (process {self.pid} on {self.host})"


class Lifeline:
    """What keeps one process of a training from outliving the others.

    Args:
        me: this process.
        size: how many there are.
        store: of all of them.
        address: of the machine of rank 0.
        end: ends this process with an exit code, from whichever thread.

    Raises:
        OSError: rank 0 cannot be reached.
    """

    def __init__(self, me: Member, size: int, store: Store, address: str, end: Callable[[int], None] | None = None):
        self._me = me
        self._end = end or _end_process
        self._lock = threading.Lock()
        self._decided = threading.Event()
        self._all_came = threading.Event()
        self._all_left = threading.Event()
        self._links: dict[int, socket.socket] = {}
        self._size = size
        self._first: Member = me
        if me.rank == 0:
            self._others = size - 1
            token = secrets.token_hex(16)
            server = _listen()
            details = {"port": server.getsockname()[1], "token": token, "first": asdict(me)}
            store.set("lifeline", json.dumps(details))
            _in_background(self._accept, server, token)
        else:
            details = json.loads(store.get("lifeline"))
            self._first = Member(**details["first"])
            link = socket.create_connection((address, details["port"]), _SECONDS_TO_CONNECT)
            link.settimeout(None)
            _keep_alive(link)
            self._links[0] = link
            self._send(link, token=details["token"], member=asdict(me))
            _in_background(self._follow_first, link)

    def missing(self, seconds: float) -> list[int]:
        """Ranks that did not come within a time; rank 0 alone knows."""
        if self._me.rank == 0 and not self._all_came.wait(seconds):
            return [rank for rank in range(1, self._size) if rank not in self._links]
        return []

    def tell(self, kind: str, text: str = "") -> None:
        """Says that this process is about to end before its time; of all that do, the first is heard.

        Args:
            kind: "mistake" of the user, "fault" of ours, "interrupted"; or "lost", where this one only noticed that
                another is gone.
            text: what the user reads of a mistake.
        """
        if self._me.rank == 0:
            if kind != "lost":
                self._decide(self._me, kind, text)
            self._decided.wait(_SECONDS_TO_NOTICE)
            # While they wait for this one, they cannot take its end for a surprise.
            self._all_left.wait(_SECONDS_TO_END)
            return
        if kind != "lost":
            self._send(self._links[0], end=kind, text=text)
        # The answer ends this process.
        self._decided.wait(_SECONDS_TO_NOTICE)

    def leave(self) -> None:
        """Says that this process did its work. Rank 0 stays until all did."""
        if self._me.rank == 0:
            self._all_left.wait()
            self._decided.set()
            return
        self._decided.set()
        self._send(self._links[0], end="done")
        with contextlib.suppress(OSError):
            # A thread still reads from it, so that to close it would close nothing.
            self._links[0].shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket, token: str) -> None:
        with server, contextlib.suppress(OSError):  # of the end of listening
            while not self._all_came.is_set():
                link, _ = server.accept()
                # Each by itself: a stranger that says nothing must not keep the others waiting.
                _in_background(self._greet, server, link, token)

    def _greet(self, server: socket.socket, link: socket.socket, token: str) -> None:
        _keep_alive(link)
        link.settimeout(_SECONDS_TO_CONNECT)
        with link, link.makefile("r", encoding="utf-8") as lines:
            try:
                hello = json.loads(lines.readline(4096))
                if not secrets.compare_digest(hello["token"], token):
                    return
                member = Member(**hello["member"])
            except (OSError, ValueError, KeyError, TypeError):
                return  # a stranger
            link.settimeout(None)
            with self._lock:
                self._links[member.rank] = link
                complete = len(self._links) == self._size - 1
            if complete:
                self._all_came.set()
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)  # which wakes accept
            self._follow(member, lines)

    def _follow(self, member: Member, lines: Any) -> None:
        """What rank 0 hears of another process."""
        said: dict[str, str] = {}
        decided = False
        with contextlib.suppress(OSError, ValueError):
            for line in lines:
                said = json.loads(line)
                if said["end"] != "done":
                    decided |= self._decide(member, said["end"], said["text"])
        if not said:
            decided |= self._decide(member, "gone", "")
        with self._lock:
            self._others -= 1
            if not self._others:
                self._all_left.set()
        if decided:
            self._all_left.wait(_SECONDS_TO_END)
            self._end(_CODES.get(said.get("end", ""), REFUSED))

    def _decide(self, member: Member, kind: str, text: str) -> bool:
        """Whether this end is the first that is told; the others are told to end then."""
        with self._lock:
            if self._decided.is_set():
                return False
            self._decided.set()
        code = _CODES.get(kind, REFUSED)
        if kind == "interrupted":
            _say("interrupted")
        elif kind == "mistake":
            _say(f"error: {text}")
        elif kind == "gone":
            _say(f"error: {_ended(member)}")
        elif member.rank:
            _say(f"error: {member} failed; its own words say why")
        for link in list(self._links.values()):
            self._send(link, stop=code)
        return True

    def _follow_first(self, link: socket.socket) -> None:
        """What another process hears of rank 0."""
        told = ""
        with contextlib.suppress(OSError):
            told = link.makefile("r", encoding="utf-8").readline()
        if self._decided.is_set():
            return
        self._decided.set()
        if not told and self._me.speaks:
            _say(f"error: {_ended(self._first)}")
        self._end(json.loads(told)["stop"] if told else REFUSED)

    def _send(self, link: socket.socket, **message: Any) -> None:
        # Whoever is gone is noticed elsewhere.
        with contextlib.suppress(OSError):
            link.sendall(f"{json.dumps(message)}\n".encode())


def _ended(member: Member) -> str:
    return (
        f"{member} ended before its time, killed from outside or cut off; where memory ran out, lower "
        "DATALOADER.NUM_WORKERS or SOLVER.IMS_PER_BATCH. The same command with --resume goes on from the last "
        "checkpoint"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _end_process(code: int) -> None:
    # The main thread may be waiting inside a collective, where no exception reaches it. Files are whole or absent.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _listen() -> socket.socket:
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", 0))


def _keep_alive(link: socket.socket) -> None:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _in_background(work: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()
