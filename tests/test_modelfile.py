"""Model files: what is written is read, bit for bit; what is not exactly that is refused in one sentence."""

import hashlib
import json
import pickle

import joblib
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dxent.data.schema import Schema
from dxent.modelfile import ModelFile, ModelFileError, read_model, write_model

SCHEMA = Schema.learn(pa.table({"x": [1.5, 2.5], "kind": ["u", "v"]}), "label")


def model(**changes):
    parts = {
        "weights": np.array([[0.1, -1e-300, 1 / 3]]),
        "bias": np.array([5e-324]),
        "classes": np.array(["a", "b\u202e\n"]),
        "schema": SCHEMA,
        "facts": {"C": 1.0, "nested": {"certified": True}},
    }
    return ModelFile(**{**parts, **changes})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.dxent"


def taken_apart(content):
    """Return header, as an object, and all that follows but the checksum."""
    length = int.from_bytes(content[8:16], "little")
    return json.loads(content[16 : 16 + length]), content[16 + length : -32]


def put_together(header, arrays, *, length=None, checksum=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    content = b"dxent\0\0\0" + size.to_bytes(8, "little") + text + arrays
    return content + (hashlib.sha256(content).digest() if checksum is None else checksum)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schema": None, "features": ("p", "q", "r")},
        {"schema": None, "classes": np.array([3, 7], np.int8)},
        {"schema": None, "classes": np.array([False, True])},
        {"schema": None, "classes": np.array([0.5, 1.5], np.float32)},
        {"schema": None, "classes": np.array(["a", ""], dtype=object)},
        {
            "schema": None,
            "weights": np.ones((3, 0)),
            "bias": np.zeros(3),
            "classes": np.arange(3, dtype=np.uint64),
        },
    ],
)
def test_what_is_written_is_read(path, changes):
    written = model(**changes)
    write_model(written, path)
    read = read_model(path)
    assert read.weights.tobytes() == written.weights.tobytes()
    assert read.weights.shape == written.weights.shape
    assert read.bias.tobytes() == written.bias.tobytes()
    assert read.classes.tolist() == written.classes.tolist()
    assert read.classes.dtype.kind == written.classes.dtype.kind
    assert (read.schema, read.features, read.facts) == (written.schema, written.features, written.facts)


def test_the_file_is_what_the_module_says(path):
    write_model(model(), path)
    header, arrays = taken_apart(path.read_bytes())
    assert header["version"] == 1
    assert header["shape"] == [1, 3]
    np.testing.assert_array_equal(np.frombuffer(arrays, "<f8"), [0.1, -1e-300, 1 / 3, 5e-324])
    assert put_together(header, arrays)[-32:] != bytes(32)


@pytest.mark.parametrize("dump", [pickle.dumps, lambda thing: thing.encode()])
def test_row_81_other_files_are_refused(path, dump):
    path.write_bytes(dump("classifier"))
    with pytest.raises(ModelFileError, match="was not written by dxent"):
        read_model(path)


def test_row_81_joblib_and_object_arrays_are_not_run(path, tmp_path):
    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    archive = tmp_path / "archive.npz"
    np.savez(archive, x=np.array([Payload()]))
    joblib.dump(Payload(), path)
    for content in (path.read_bytes(), archive.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="was not written by dxent"):
            read_model(path)
    assert not (tmp_path / "ran").exists()


def edited(text):
    return lambda header: json.dumps(header).encode().replace(b'"C": 1.0', text)


HEADERS = [
    (edited(b'"C": NaN'), "NaN, which is no finite number"),
    (edited(b'"C": -Infinity'), "-Infinity, which is no finite number"),
    (edited(b'"C": 1e999'), "1e999, which is no finite number"),
    (edited(b'"C": 1, "C": 2'), "a key twice"),
    (edited(b'"C": ' + b"[" * 100_000 + b"]" * 100_000), "nested too deeply"),
    (edited(b'"C": ' + b"7" * 5000), "4300 digits"),
    (edited(b'"C": \xff'), "can't decode byte"),
    (edited(b'"C": '), "Expecting value"),
    (lambda header: {**header, "more": 1}, "unknown key 'more'"),
    (lambda header: {key: header[key] for key in header if key != "classes"}, "lacks 'classes'"),
    (lambda header: {**header, "version": 2}, "its version is 2, and this dxent reads 1: update dxent"),
    (lambda header: {**header, "version": "1"}, "'version' in its header is not of type int"),
    (lambda header: [header], "is not an object"),
    (lambda header: {**header, "classes": ["a", "a"]}, "a class twice"),
    (lambda header: {**header, "classes": [1, 2]}, "not of type 'str'"),
    (lambda header: {**header, "classes": [300, 2], "class_type": "int8"}, "beyond the type 'int8'"),
    (lambda header: {**header, "class_type": "O8"}, "not of type 'O8'"),
    (lambda header: {**header, "schema": {"target": "x"}}, "lacks 'columns'"),
    (lambda header: {**header, "schema": None, "features": ["x"]}, "names 1 features, but has weights for 3"),
    (lambda header: {**header, "features": [1]}, "'features' in its header is not of type list of str"),
    (lambda header: {**header, "facts": 1}, "'facts' in its header is not of type dict"),
]


@pytest.mark.parametrize(("change", "says"), HEADERS)
def test_row_82_headers_are_parsed_strictly(path, change, says):
    write_model(model(), path)
    header, arrays = taken_apart(path.read_bytes())
    path.write_bytes(put_together(change(header), arrays))
    with pytest.raises(ModelFileError, match="is not a usable model file: ") as caught:
        read_model(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "shape",
    [[1, 2**63], [-1, -4], [1, 2], [1, 4], [2, 3], [1], [1, 2, 3], [1, 3.0], [True, 3], [2**61, 2**61]],
)
def test_row_83_shapes_are_checked_against_the_file(path, shape):
    write_model(model(), path)
    header, arrays = taken_apart(path.read_bytes())
    path.write_bytes(put_together({**header, "shape": shape}, arrays))
    with pytest.raises(ModelFileError, match=r"cut off or damaged|do not fit|not of type"):
        read_model(path)


@pytest.mark.parametrize("length", [2**63, 72 * 2**40, 10**6, 0])
def test_row_83_the_length_of_the_header_is_checked_against_the_file(path, length):
    write_model(model(), path)
    header, arrays = taken_apart(path.read_bytes())
    path.write_bytes(put_together(header, arrays, length=length))
    with pytest.raises(ModelFileError, match=r"cut off or damaged|Expecting value"):
        read_model(path)


def test_row_84_every_cut_and_every_flipped_byte_is_noticed(path):
    write_model(model(), path)
    content = path.read_bytes()
    for end in range(len(content)):
        path.write_bytes(content[:end])
        with pytest.raises(ModelFileError):
            read_model(path)
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ModelFileError):
            read_model(path)


def test_coefficients_that_are_not_finite(path):
    write_model(model(weights=np.array([[np.nan, 0.0, 0.0]])), path)
    with pytest.raises(ModelFileError, match="not finite"):
        read_model(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    content=st.binary(max_size=200),
    start=st.sampled_from([b"", b"dxent\0\0\0", b"dxent\0\0\0\x02" + bytes(7) + b"{}"]),
)
def test_any_bytes_are_a_model_or_a_sentence(path, content, start):
    path.write_bytes(start + content)
    with pytest.raises(ModelFileError):
        read_model(path)


def test_no_file():
    with pytest.raises(ModelFileError, match=r"'no\.dxent' cannot be read: No such file"):
        read_model("no.dxent")


@pytest.mark.parametrize("classes", [np.array([1 + 1j, 2]), np.array([None, "a"], dtype=object)])
def test_labels_that_cannot_be_saved(path, classes):
    with pytest.raises(ValueError, match="cannot be saved"):
        write_model(model(classes=classes), path)
    assert not path.exists()


def test_row_86_names_in_a_file_are_data(tmp_path, path):
    hostile = Schema.learn(pa.table({"../../evil": [1, 2]}), "/etc/passwd")
    write_model(model(schema=hostile, weights=np.ones((1, 1)), facts={"../f": "../../evil"}), path)
    assert read_model(path).schema == hostile
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.dxent"]
