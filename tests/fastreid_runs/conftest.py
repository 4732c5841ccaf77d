"""Signals reach what the tests start, however pytest itself was started."""

import signal

import pytest


@pytest.fixture(autouse=True)
def heard_signals():
    """nohup and a shell's background jobs ignore signals for all that they start; a handled one is not passed on so."""
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) == signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
