"""What ends a command: whoever refused is named, and a fault of the program's own is called that."""

import errno
import os
import socket
import sqlite3
import sys

import pytest

from reexplore.cli import app as cli
from reexplore.errors import InputError, of_key, who_refused


def _sqlite_error(statement, *, path=":memory:"):
    try:
        sqlite3.connect(path).execute(statement)
    except sqlite3.OperationalError as error:
        return error
    raise AssertionError("no error")


@pytest.mark.parametrize(
    ("error", "who"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "the file system"),
        (PermissionError(errno.EACCES, "Permission denied", "ledger.sqlite"), "the file system"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "runs"), "the file system"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "the network"),
        (socket.gaierror(-2, "Name or service not known"), "the network"),
        (TimeoutError("timed out"), "the network"),
        (OSError(errno.EADDRINUSE, "Address already in use"), "the network"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "the operating system"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "the operating system"),
        (OSError("a library's own words"), None),
        (OSError(errno.EINVAL, "Invalid argument"), None),
        (ValueError("no"), None),
    ],
)
def test_who_refused(error, who):
    assert who_refused(error) == who


def test_what_a_database_says(tmp_path):
    assert who_refused(_sqlite_error("SELECT 1", path=tmp_path / "absent" / "ledger.sqlite")) == "the file system"
    assert who_refused(_sqlite_error("SELECT nothing FROM nowhere")) is None


def _ended(monkeypatch, error):
    def app(**_options):
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(sys, "argv", ["reexplore", "doctor"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_the_network_is_not_called_a_file_system(monkeypatch, capsys):
    assert _ended(monkeypatch, ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")) == 5
    assert capsys.readouterr().err.startswith("error: the network refused (Connection refused)")


def test_a_fault_of_the_program_is_called_that(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert _ended(monkeypatch, OSError(errno.EINVAL, "Invalid argument")) == 1
    assert "a fault of reexplore itself" in capsys.readouterr().err
    assert "Invalid argument" in (tmp_path / "reexplore-error.log").read_text()


def test_a_refusal_names_the_key_it_stands_under():
    def refused(inner):
        with pytest.raises(InputError) as told, of_key("theory"), of_key("levels.0"):
            raise InputError("no level 'x'", key=inner)
        return str(told.value)

    assert refused("based_on") == "'theory.levels.0.based_on': no level 'x'"
    assert refused("") == "'theory.levels.0': no level 'x'"
    assert str(InputError("no level 'x'")) == "no level 'x'"
