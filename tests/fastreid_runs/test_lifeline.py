"""What the processes of a training hear of each other's end; here the members are threads of one process."""

import json
import socket
import threading
from queue import Queue

import pytest

from fastreid_runs.lifeline import Lifeline, Member


class Store(dict):
    def set(self, key, value):
        self[key] = value.encode()

    def get(self, key):
        return self[key]


@pytest.fixture
def crew():
    """Lifelines of three ranks, and a queue of (rank, exit code) of those that were ended."""
    store, ended = Store(), Queue()

    def join(rank):
        member = Member(rank, rank == 1, "host", 100 + rank)
        return Lifeline(member, 3, store, "127.0.0.1", end=lambda code: ended.put((rank, code)))

    lifelines = [join(rank) for rank in range(3)]
    assert lifelines[0].missing(30) == []
    return lifelines, ended


def cut(lifeline):
    """What the kernel does where a process is killed."""
    for link in lifeline._links.values():
        link.shutdown(socket.SHUT_RDWR)


def test_all_leave_in_peace(crew, capfd):
    lifelines, ended = crew
    threads = [threading.Thread(target=lifeline.leave) for lifeline in lifelines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert ended.empty()
    assert capfd.readouterr().err == ""


def test_a_rank_that_is_killed_is_named_and_ends_the_others(crew, capfd):
    lifelines, ended = crew
    cut(lifelines[2])
    # It hears that its link is gone like one that lost rank 0; its own end would have been before.
    codes = dict(ended.get(timeout=30) for _ in range(2))
    assert codes[1] == 2
    err = capfd.readouterr().err
    assert "error: rank 2 (process 102 on host) ended before its time" in err
    assert "--resume goes on" in err


def test_where_rank_0_is_killed_one_of_the_others_names_it(crew, capfd):
    lifelines, ended = crew
    cut(lifelines[0])
    codes = dict(ended.get(timeout=30) for _ in range(2))
    assert {1, 2} <= {*codes, 1, 2}
    assert "error: rank 0 (process 100 on host) ended before its time" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("rank", "kind", "words", "code"),
    [
        (1, "mistake", "error: no data; get some\n", 2),
        (0, "mistake", "error: no data; get some\n", 2),
        (1, "fault", "error: rank 1 (process 101 on host) failed; its own words say why\n", 1),
        (2, "interrupted", "interrupted\n", 130),
    ],
)
def test_the_first_end_is_told_once(crew, capfd, rank, kind, words, code):
    lifelines, ended = crew
    threads = [threading.Thread(target=lifelines[rank].tell, args=(kind, "no data; get some"), daemon=True)]
    threads[0].start()
    others = dict(ended.get(timeout=30) for _ in range(2))
    assert set(others.values()) == {code}
    # One that makes the same mistake a little later.
    late = threading.Thread(target=lifelines[(rank + 1) % 3].tell, args=(kind, "no data; get some"), daemon=True)
    late.start()
    assert capfd.readouterr().err == words


def test_who_does_not_come_is_known(capfd):
    lifeline = Lifeline(Member(0, False, "host", 100), 3, Store(), "127.0.0.1")
    assert lifeline.missing(0.05) == [1, 2]


def test_a_stranger_is_not_heard(capfd):
    store, ended = Store(), Queue()
    first = Lifeline(Member(0, False, "host", 100), 2, store, "127.0.0.1", end=ended.put)
    details = json.loads(store["lifeline"])
    with socket.create_connection(("127.0.0.1", details["port"])) as stranger:
        hello = {"token": "guessed", "member": {"rank": 1, "speaks": True, "host": "x", "pid": 1}}
        stranger.sendall(json.dumps(hello).encode() + b"\n")
        assert stranger.recv(1) == b""
    other = Lifeline(Member(1, True, "host", 101), 2, store, "127.0.0.1", end=ended.put)
    assert first.missing(30) == []
    other.leave()
    first.leave()
    assert ended.empty()
    assert capfd.readouterr().err == ""
