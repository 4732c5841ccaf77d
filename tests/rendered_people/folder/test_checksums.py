import hashlib

from rendered_people.folder.checksums import digest, file_hashes, read_checksums, write_checksums
from rendered_people.folder.files import Shelf


def test_the_digest_speaks_of_names_and_contents_in_order(tmp_path):
    shelf = Shelf(tmp_path)
    contents = {"b.txt": b"bee", "a/c.txt": b"sea", "a/d.txt": b""}
    for path, content in contents.items():
        shelf.write(path, content)
    text = "".join(f"{name} {hashlib.sha256(contents[name]).hexdigest()}\n" for name in sorted(contents))
    hashes = file_hashes(shelf, [*contents, "missing.txt"])
    assert digest(hashes) == hashlib.sha256(text.encode()).hexdigest()
    assert digest(dict(reversed(hashes.items()))) == digest(hashes)
    assert digest({**hashes, "b.txt": hashes["a/d.txt"]}) != digest(hashes)


def test_checksums_are_written_as_sha256sum_reads_them(tmp_path):
    shelf = Shelf(tmp_path)
    assert read_checksums(shelf) == {}
    hashes = {"b c.png": "1" * 64, "a.png": "2" * 64}
    write_checksums(shelf, hashes)
    assert (tmp_path / "SHA256SUMS").read_text() == f"{'2' * 64}  a.png\n{'1' * 64}  b c.png\n"
    assert read_checksums(shelf) == hashes


def test_damaged_checksums_say_nothing_true_and_break_nothing(tmp_path):
    (tmp_path / "SHA256SUMS").write_bytes(b"\xff\xfe\nno sums\n\n")
    assert set(read_checksums(Shelf(tmp_path)).values()) <= {"", "\ufffd\ufffd", "no sums"}
