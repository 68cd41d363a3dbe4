import os

import pytest

from reexplore.errors import InputError
from reexplore.inputs.given_files import read_given, read_given_text


def test_a_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfmol\xc3\xa9cule\r\n")
    assert read_given(path, "table", largest_bytes=100) == path.read_bytes()
    assert read_given_text(path, "table", largest_bytes=100) == "molécule\r\n"


def test_what_never_ends_fills_the_memory_or_is_no_text_is_refused_before_it_is_read(tmp_path):
    long, pipe, bytes_only = tmp_path / "long", tmp_path / "pipe", tmp_path / "bytes"
    with long.open("wb") as file:
        file.truncate(10**12)
    os.mkfifo(pipe)
    bytes_only.write_bytes(b"ab\xff")
    for path, sentence in (
        (long, "has 1000000.0 MB, more than 0.5: that is no table"),
        (pipe, "it is no plain file"),
        ("/dev/zero", "it is no plain file"),
        (tmp_path, "it is a folder"),
        (tmp_path / "nowhere", "No such file or directory"),
        (tmp_path / ("x" * 300), "File name too long"),
        (bytes_only, "byte 3 is no text in UTF-8"),
    ):
        with pytest.raises(InputError, match=sentence):
            read_given_text(tmp_path / path, "table", largest_bytes=500_000)
