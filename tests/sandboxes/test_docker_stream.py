"""The multiplexed stream is taken apart however it is cut up. Needs no engine."""

import pytest

from rft.sandboxes.docker.containers import Frames


def frame(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0, 0, 0]) + len(body).to_bytes(4, "big") + body


STREAM = frame(1, b"hello ") + frame(2, b"oops\n") + frame(1, b"") + frame(1, b"world") + frame(3, b"engine trouble")


@pytest.mark.parametrize("step", [1, 2, 3, 7, 8, 9, 1000])
def test_standard_output_comes_out_whole_whatever_the_cuts(step: int) -> None:
    frames = Frames()
    for start in range(0, len(STREAM), step):
        frames.feed(STREAM[start : start + step])
    assert frames.take(1000) == b"hello world"
    assert frames.stderr() == "oops\nengine trouble"


def test_no_more_is_given_than_was_asked_for() -> None:
    frames = Frames()
    frames.feed(frame(1, b"abcdef"))
    assert [frames.take(4), frames.take(4), frames.take(4)] == [b"abcd", b"ef", b""]


@pytest.mark.parametrize("junk", [b"HTTP/1.1 500 Internal", b"\x01\x00\x00\x01\x00\x00\x00\x00", b"\x09" + bytes(7)])
def test_what_is_no_such_stream_is_an_error_not_data(junk: bytes) -> None:
    frames = Frames()
    with pytest.raises(OSError, match="not a container's stream"):
        frames.feed(junk)


def test_of_the_standard_error_the_end_is_kept() -> None:
    frames = Frames()
    for _ in range(100):
        frames.feed(frame(2, b"x" * 5000))
    frames.feed(frame(2, b"the end"))
    assert len(frames.stderr()) <= 2000
    assert frames.stderr().endswith("the end")
