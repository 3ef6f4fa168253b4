"""A server that does nothing, against which the load generator itself is measured.

    python -m scripts.benchmark.trivial

Answers every request with the same bytes, as many as an answer with five passages has.
Ends when stdin is closed. The standard library only.
"""

import selectors
import socket
import sys

_BODY = b"x" * 6000
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print(f"serving on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                return
            if key.fileobj is listening:
                greeted, _ = listening.accept()
                greeted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(greeted, selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket):
                if key.fileobj.recv(65536):  # a request comes in one piece
                    key.fileobj.sendall(_ANSWER)
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()


if __name__ == "__main__":
    main()
