"""Writing: the old file or the new one, never a part of either."""

import os
import signal
import subprocess
import sys
import time

import pytest

from dxent.data.writing import write_atomically


def fill(content):
    return lambda file: file.write(content)


def test_a_new_file(tmp_path):
    write_atomically(tmp_path / "new", fill(b"content"))
    assert (tmp_path / "new").read_bytes() == b"content"
    assert os.listdir(tmp_path) == ["new"]


def test_row_85_nothing_is_overwritten_unless_it_is_wanted(tmp_path):
    path = tmp_path / "old"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError, match="exists already"):
        write_atomically(path, fill(b"new"))
    assert path.read_bytes() == b"old"
    write_atomically(path, fill(b"new"), overwrite=True)
    assert path.read_bytes() == b"new"


def test_row_85_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "old"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"old' cannot be written: No space left on device"):
        write_atomically(path, fail, overwrite=True)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["old"]


def test_row_85_an_interrupt_leaves_nothing(tmp_path):
    def interrupt(file):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "new", interrupt)
    assert os.listdir(tmp_path) == []


def test_row_85_places_that_are_no_files(tmp_path):
    with pytest.raises(OSError, match="is a directory"):
        write_atomically(tmp_path, fill(b""))
    with pytest.raises(OSError, match="there is no directory"):
        write_atomically(tmp_path / "no" / "new", fill(b""))
    with pytest.raises(OSError, match="is no ordinary file"):
        write_atomically(os.devnull, fill(b""), overwrite=True)


def test_row_85_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"old")
    (tmp_path / "link").symlink_to("elsewhere")
    write_atomically(tmp_path / "link", fill(b"new"), overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_row_85_a_directory_that_is_read_only(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="cannot be written: Permission denied"):
        write_atomically(tmp_path / "new", fill(b""))


def test_a_killed_process_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "file"
    contents = {b"a" * 1_000_000, b"b" * 1_000_000}
    program = f"""
from dxent.data.writing import write_atomically
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_atomically({str(path)!r}, lambda file: file.write(letter * 1_000_000), overwrite=True)
"""
    for pause in (0.01, 0.05, 0.1):
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(pause)
        child.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        child.wait()
        child.stdout.close()
        assert not path.exists() or path.read_bytes() in contents
