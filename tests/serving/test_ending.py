"""A server that is told to end answers what it has accepted; told twice, it does not."""

import select
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests import load


def test_under_load_every_accepted_request_is_answered_before_it_ends(index: Path) -> None:
    """Some ask once and wait; others ask on and on over one connection until that is closed."""
    with load.served(index, seconds=0.05) as (server, port):
        asking_on = [load.connect(port) for _ in range(4)]
        replies: list[list[load.Reply]] = [[] for _ in asking_on]

        def ask_on(number: int) -> None:
            while not (replies[number] and replies[number][-1].closes):
                replies[number].append(load.ask(asking_on[number]))

        threads = [threading.Thread(target=ask_on, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        while not all(replies):
            time.sleep(0.01)
        once = [load.connect(port) for _ in range(8)]
        for client in once:
            load.send(client)
        server.send_signal(signal.SIGTERM)
        assert [load.read(client).status for client in once] == [200] * len(once)
        assert server.wait(30) == 0
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        assert {reply.status for every in replies for reply in every} == {200}
        assert all(every[-1].closes for every in replies)
        with pytest.raises(ConnectionRefusedError, match="refused"):
            load.connect(port)
        for client in (*once, *asking_on):
            client.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_twice_it_ends_with_all_its_processes(index: Path, workers: int) -> None:
    with (
        load.served(index, workers, seconds=600) as (server, port),
        closing(load.connect(port)) as client,
    ):
        load.send(client)
        server.send_signal(signal.SIGINT)
        while _listens(port):  # until it has begun to end
            time.sleep(0.01)
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 128 + signal.SIGINT
        # the pipe is at its end when no process can write to it any more; by themselves
        # workers would answer for another ten seconds
        assert select.select([server.stdout], [], [], 5)[0] == [server.stdout]


def _listens(port: int) -> bool:
    try:
        load.connect(port).close()
    except ConnectionError:
        return False
    return True
