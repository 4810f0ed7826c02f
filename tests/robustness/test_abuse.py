"""Limits on what links and files can ask for, with an error message for each; and no pickle is ever loaded."""

import ast
import io
import os
import re
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from cl_core import training
from cl_core.charts import gif
from cl_core.data import datasets, image_files, npz
from cl_core.data.npz import DataError
from cl_core.losses import LOSSES
from cl_core.runtime import census_job, race_limits
from cl_core.teaching import lessons, rooms
from cl_core.teaching.rooms import RoomError, Rooms
from cl_core.training import RunSpec, config, frames
from cl_core.training.files import run_file
from cl_core.ui.link import controls, reading
from cl_core.ui.pages import training_controls
from tests import ROOT
from tests.archives import npy_bytes, small_dataset, use_own_files, write_npz
from tests.pages.apptest import open_from_link, route_pages_through_app
from tests.unit.data.test_npz import Trap, read_error, write_zip

LESSON_TEXT = 'title = "a"\n[[steps]]\ntitle = "t"\nwords = "w"\nopen = "start"\n'


# ---- limits


def census_of(n: int) -> census_job.CensusRequest:
    return census_job.CensusRequest("mnist", None, n, 0.2, "sqeuclidean")


def submit(question: str = "q", visitor: str = "v", answer: Any = 1) -> object:
    return Rooms().submit("abc", question, visitor, answer)


def changed_lesson(**changes: str) -> lessons.Lesson:
    """Return a lesson whose step has these lines, in place of its own lines of the same names."""
    text = LESSON_TEXT
    for name, value in changes.items():
        text = re.sub(rf"(?m)^{name} = .*\n", "", text) + f"{name} = {value}\n"
    return lessons.parse("a", text)


REQUESTS_BEYOND_LIMITS: dict[str, tuple[Callable[[], object], str]] = {
    "batch": (lambda: RunSpec(batch=training.BATCH_RANGE[1] + 1), "batch is 4097"),
    "batch of 401 digits": (lambda: RunSpec(batch=10**400), "batch is 1000"),
    "fractional batch": (lambda: RunSpec(batch=8.5), "batch must be a whole number"),  # type: ignore[arg-type]
    "boolean batch": (lambda: RunSpec(batch=True), "batch must be a whole number"),
    "dimension": (lambda: RunSpec(dim=training.DIM_RANGE[1] + 1), "dim is 513"),
    "missing dimension": (lambda: RunSpec(dim=None), "dim must be a whole number"),  # type: ignore[arg-type]
    "rate": (lambda: RunSpec(rate=11), "rate is 11"),
    "rate as text": (lambda: RunSpec(rate="0.1"), "rate must be a number"),  # type: ignore[arg-type]
    "rate that is not a number": (lambda: RunSpec(rate=float("nan")), "rate is nan"),
    "seed": (lambda: RunSpec(seed=2**31), "seed is 2147483648"),
    "switch as text": (lambda: RunSpec(unit_norm="no"), "unit_norm must be True or False"),  # type: ignore[arg-type]
    "parameters as list": (lambda: RunSpec(theta=[1]), "theta must be names"),  # type: ignore[arg-type]
    "loss as list": (lambda: RunSpec(loss=["supcon"]), "loss must be a text"),  # type: ignore[arg-type]
    "name of a megabyte": (lambda: RunSpec(dataset="x" * 2**20), "^unknown data set '.{,400}$"),
    "census": (lambda: census_of(census_job.MAX_IMAGES + 1), "1 to 10,000 images"),
    "empty census": (lambda: census_of(0), "1 to 10,000 images"),
    "empty movie": (lambda: gif.join_images([]), "a picture or more"),
    "file": (lambda: run_file.loads(bytes(run_file.MAX_FILE + 1)), "are allowed"),
    "answer": (lambda: submit(answer=rooms.MAX_CHOICES), "is no answer"),
    "answer as text": (lambda: submit(answer="x" * 10**6), "^'x{,60} is no answer"),
    "answer off the plane": (lambda: submit(answer=(0.0, 1.5)), "is no answer"),
    "long question": (lambda: submit(question="q" * (rooms.MAX_ID_LENGTH + 1)), "400 letters"),
    "long visitor": (lambda: submit(visitor="v" * (rooms.MAX_ID_LENGTH + 1)), "400 letters"),
    "steps": (lambda: lessons.parse("a", LESSON_TEXT + LESSON_TEXT.partition("\n")[2] * lessons.MAX_STEPS), "1 to 40"),
    "title": (lambda: changed_lesson(title='"' + "t" * (lessons.MAX_TITLE_LENGTH + 1) + '"'), "200 characters"),
    "settings": (
        lambda: changed_lesson(open='"start?' + "&".join("abcdefg"[i % 7] for i in range(65)) + '"'), "64 settings"
    ),
    "conditions": (lambda: changed_lesson(done=str(["a > 1"] * 21)), "20 conditions"),
    "minutes": (lambda: changed_lesson(minutes="601"), "at most 600"),
    "number of 5,000 digits": (lambda: changed_lesson(minutes="9" * 5000), "2,000 characters"),
    "name of 50,000 parts": (lambda: lessons.parse("a", "a." * 50_000 + "a = 1"), "2,000 characters"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "expected"), REQUESTS_BEYOND_LIMITS.values(), ids=REQUESTS_BEYOND_LIMITS)
def test_request_beyond_limit_is_refused_with_short_message(call, expected):
    with pytest.raises(ValueError, match=expected) as error:
        call()
    assert len(str(error.value)) < 1000


def test_integer_rate_is_stored_as_float():
    spec = RunSpec(rate=1)
    assert (type(spec.rate), spec) == (float, RunSpec(rate=1.0))


def test_every_value_of_a_control_is_within_limits_of_library():
    for loss in LOSSES.values():
        controls_by_name = training_controls.training_controls(loss)
        for name, (low, high) in {
            "batch": training.BATCH_RANGE,
            "dim": training.DIM_RANGE,
            "rate": training.RATE_RANGE,
        }.items():
            assert low <= min(controls_by_name[name].options) < max(controls_by_name[name].options) <= high
        assert (controls_by_name["seed"].low, controls_by_name["seed"].high) == training.SEED_RANGE
        assert set(controls_by_name["points"].options) <= set(frames.PROBE_SIZES)
        for control in controls.loss_parameters(loss):
            for value in control.options or (control.low, control.high):
                loss.check({control.name: type(control.default)(value)})


def test_batch_size_times_image_size_is_limited(monkeypatch):
    spec = RunSpec(batch=4096)
    monkeypatch.setattr(config, "MAX_STEP_VALUES", 4096 * 784)
    training.start(spec)
    monkeypatch.setattr(config, "MAX_STEP_VALUES", 4096 * 784 - 1)
    with pytest.raises(ValueError, match=r"For images of 784 pixels a step has 4,095 at most"):
        training.start(spec)
    assert training.BATCH_RANGE[1] * image_files.MAX_SIDE**2 > training.MAX_STEP_VALUES


@pytest.mark.parametrize("batch", [training.BATCH_RANGE[0], 128, 2048, training.BATCH_RANGE[1]])
def test_longest_run_has_a_limited_number_of_frames(batch):
    spec = RunSpec(batch=batch)

    def gap(step: int) -> int:
        return frames.next_frame_step(spec, previous := frames.next_frame_step(spec, step)) - previous

    assert sum(500 / gap(step) for step in range(250, training.MAX_STEPS, 500)) < frames.MAX_FRAMES
    assert gap(training.MAX_STEPS) <= max(
        frames.MAX_ROWS_IN_GAP // batch, training.MAX_STEPS // frames.LATE_GAP_DIVISOR
    )


def test_races_and_movies_are_limited():
    assert race_limits.MAX_RUNS <= 20
    assert len(gif.frame_times(training.MAX_STEPS)) <= training.MAX_STEPS
    assert len(gif.frame_times(gif.MAX_IMAGES)) <= gif.MAX_IMAGES


def rooms_with_limits(monkeypatch, **limits):
    """Return rooms with other limits, and the clock that they read: a list of one time."""
    for name, value in limits.items():
        monkeypatch.setattr(rooms, name, value)
    clock = [0.0]
    return Rooms(lambda: clock[0]), clock


def test_number_of_answers_on_a_server_is_limited(monkeypatch):
    server_rooms, clock = rooms_with_limits(monkeypatch, MAX_ANSWERS=3)
    for visitor in "abc":
        server_rooms.submit("abc", "q", visitor, 1)
    with pytest.raises(RoomError, match="cannot store more answers"):
        server_rooms.submit("xyz", "q", "d", 1)
    assert server_rooms.submit("abc", "q", "a", 2) == 1
    clock[0] = rooms.IDLE_SECONDS + 1
    assert server_rooms.submit("xyz", "q", "d", 1) == 1
    assert server_rooms.answers("abc", "q") == ()


def test_one_visitor_cannot_occupy_all_rooms(monkeypatch):
    server_rooms, clock = rooms_with_limits(monkeypatch, MAX_ROOMS=3)
    for visitor in "ab":
        server_rooms.submit("class", "q", visitor, 1)
    for i in range(20):
        clock[0] += 1
        server_rooms.submit(f"taken-{i}", "q", "greedy", 1)
    clock[0] += 1
    server_rooms.submit("another-class", "q", "c", 2)
    assert server_rooms.answers("class", "q") == (1, 1)
    assert server_rooms.answers("another-class", "q") == (2,)


def test_number_of_files_read_from_a_folder_is_limited(tmp_path, monkeypatch):
    for i in range(1000):
        (tmp_path / f"{i:04}.npz").touch()
        (tmp_path / f"{i:04}.toml").write_text(LESSON_TEXT)
    use_own_files(monkeypatch, tmp_path)
    assert len(datasets.available()) == len(datasets.DATASETS) + datasets.MAX_FILES
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    loaded, faults = lessons.available()
    assert len(loaded) <= lessons.MAX_FILES + len(list(lessons.FOLDER.glob("*.toml")))
    assert any("has 1,000 lessons; only the first 50 are read" in fault for fault in faults)


def test_named_pipe_among_the_files_is_refused_without_waiting(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "a.npz")
    os.mkfifo(tmp_path / "a.toml")
    assert "not a regular file" in read_error(tmp_path / "a.npz")
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    assert any("not a regular file" in fault for fault in lessons.available()[1])


def test_unreadable_lessons_do_not_affect_others(tmp_path, monkeypatch):
    (tmp_path / "digits.toml").write_text(
        "x = [\n" + "9" * 1999 + ",\n" + "9" * 1999 + "\n]\nminutes = 0x" + "f" * 1900
    )
    (tmp_path / "nested.toml").write_text("x = " + "[" * 1900)
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe4"')
    (tmp_path / "good.toml").write_text(LESSON_TEXT)
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    loaded, faults = lessons.available()
    assert "good" in loaded
    assert len(faults) == 3


# ---- files


def zip_with_members(n: int) -> bytes:
    """Return a zip of `n` empty files: 46 bytes and a name in the zip become an object of 500 bytes each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as stored:
        for i in range(n):
            stored.writestr(str(i), b"")
    return file.getvalue()


def test_zip_with_too_many_members_is_refused_without_reading_the_list():
    file = zip_with_members(20_000)
    for read in (run_file.loads, lambda content: npz.check_directory(io.BytesIO(content))):
        tracemalloc.start()
        with pytest.raises((DataError, zipfile.BadZipFile), match="too many"):
            read(file)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2**17  # the list of members would take ten megabytes


def records_of_64_bits(size: int, offset: int) -> bytes:
    """Return the record and the locator of a zip of 64 bits whose directory has `size` bytes."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 4, 4, size, 0)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, offset, 1)


def test_every_end_record_that_a_reader_may_use_is_limited(tmp_path):
    """A comment may hold a second end record, and records of 64 bits, which may stand in two places, other sizes."""
    good = write_zip(
        tmp_path / "a.npz", **{name: npy_bytes(array) for name, array in small_dataset().items()}
    ).read_bytes()
    end, large = good.rindex(b"PK\5\6"), npz.MAX_DIRECTORY + 1
    record = bytearray(good[end:])
    record[12:16] = large.to_bytes(4, "little")
    in_comment = good[:-2] + len(record).to_bytes(2, "little") + record
    before_locator = good[:end] + records_of_64_bits(large, 0) + good[end:]
    far = records_of_64_bits(large, 0)
    at_offset = far + good[:end] + records_of_64_bits(100, 0) + good[end:]
    for file in (in_comment, before_locator, at_offset, good[:end] + record):
        with pytest.raises(DataError, match="too many"):
            npz.check_directory(io.BytesIO(file))
    for file in (good[-21:], b"", good[:end], b"x" * 100_000):
        with pytest.raises(zipfile.BadZipFile):
            npz.check_directory(io.BytesIO(file))
    npz.check_directory(io.BytesIO(good))


def test_npy_header_of_megabytes_is_refused(tmp_path):
    stream = io.BytesIO()
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (40, 8, 8)}".ljust(2**22) + b"\n"
    stream.write(b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header + bytes(40 * 64))
    good = {name: npy_bytes(array) for name, array in small_dataset().items()}
    path = write_zip(tmp_path / "a.npz", **good | {"x_train": stream.getvalue()})
    assert "unusual version (2, 0)" in read_error(path)


def test_member_names_of_a_zip_write_no_files(tmp_path):
    path = tmp_path / "a.npz"
    outside = tmp_path.parent / "outside.npy"
    with zipfile.ZipFile(path, "w") as stored:
        for name, array in small_dataset().items():
            stored.writestr(f"{name}.npy", npy_bytes(array))
        stored.writestr(f"../{outside.name}", b"out")
        link = zipfile.ZipInfo(str(tmp_path / "link.npy"))
        link.external_attr = 0o120777 << 16  # a symbolic link
        stored.writestr(link, "/etc/passwd")
    image_files.read(path)
    assert sorted(tmp_path.iterdir()) == [path]
    assert not outside.exists()


def test_symbolic_link_to_a_file_is_read_and_broken_link_is_refused(tmp_path):
    target = write_npz(tmp_path / "true.npz", **small_dataset())
    (tmp_path / "linked.npz").symlink_to(target)
    (tmp_path / "broken.npz").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.npz").symlink_to(tmp_path / "round.npz")
    assert image_files.read(tmp_path / "linked.npz").keys() == image_files.read(target).keys()
    for name in ("broken.npz", "round.npz"):
        assert "no such file" in read_error(tmp_path / name) or "cannot be read" in read_error(tmp_path / name)


def test_pickle_among_shipped_files_is_never_loaded(tmp_path):
    mark = tmp_path / "mark"
    path = tmp_path / "a.npz"
    np.savez(path, about=np.array([Trap(mark)], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        npz.load_asset(path, dict, "Make it again")
    path.write_bytes(b"\x80\x04K\x01.")  # a bare pickle, which numpy.load would otherwise load
    with pytest.raises(DataError, match=r"no \.npz"):
        npz.load_asset(path, dict, "Make it again")
    assert not mark.exists()


def test_markup_in_file_names_is_not_shown(tmp_path, monkeypatch):
    name = "<b>**x**[a](b)$1$`&.npz"
    write_npz(tmp_path / name, **{"<i>_x_": np.arange(2)})
    use_own_files(monkeypatch, tmp_path)
    (key,) = set(datasets.available()) - set(datasets.DATASETS)
    with pytest.raises(DataError) as error:
        datasets.load(key)
    for text in (str(error.value).partition(" Expected: ")[0], datasets.available()[key].title):
        assert not re.search(r"[<>*\[\]$`&]", text), text


UNPICKLERS = {"pickle", "_pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "jsonpickle", "yaml"}
LOADERS = {"torch.load", "np.load", "numpy.load", "npy.read_array", "pd.read_pickle", "pandas.read_pickle"}
# it pickles tasks for workers that the operator of the server started
TRUSTED_MODULES = {"cl_core/runtime/dask_cluster.py"}


def unsafe_loads(source: str) -> Iterator[str]:
    """Yield imports and calls of a module that could run code from a file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (name for name in names if name.split(".")[0] in UNPICKLERS)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            safe = (
                keywords.get("weights_only") == "True"
                if called == "torch.load"
                else keywords.get("allow_pickle") == "False"
            )
            if (called in LOADERS and not safe) or called in ("eval", "exec", "__import__"):
                yield called
            if keywords.get("allow_pickle") == "True":
                yield f"{called} with pickles"


def test_app_loads_no_pickles_from_files():
    modules = [
        ROOT / "app.py",
        *(path for part in ("cl_core", "pages", "assets") for path in (ROOT / part).rglob("*.py")),
    ]
    calls_by_module = {str(path.relative_to(ROOT)): list(unsafe_loads(path.read_text())) for path in modules}
    assert {name for name, calls in calls_by_module.items() if calls} == TRUSTED_MODULES
    for source in (
        "np.load(f)",
        "torch.load(f, weights_only=False)",
        "import pickle",
        "eval(x)",
        "f(allow_pickle=True)",
    ):
        assert list(unsafe_loads(source)), source


# ---- links

MARK = "zq7x"
MARKUP = (
    f"<b>{MARK}</b>", f"<script>{MARK}()</script>", f"<img src={MARK} onerror=1>", f"[a](javascript:{MARK})",
    f"![{MARK}](http://x)", f"$\\frac{{{MARK}}}$", f"$${MARK}$$", f":red[{MARK}]", f":material/{MARK}:", f"**{MARK}**",
    f"`{MARK}`", f"```\n{MARK}", f"\n# {MARK}", f"\n\n---\n{MARK}", f"&lt;{MARK}&gt;", f"&#60;{MARK}", f"<http://{MARK}>",
    f"http://{MARK}.example", f"</style><p>{MARK}", f"\"'>{MARK}", f"{MARK}|a\n-|-", f"~~{MARK}~~", f"\\{MARK}",
)  # fmt: skip
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
VERBATIM_ELEMENTS = {"text", "code", "text_input"}  # elements that show a text as it is


def markup_shown(app: Any) -> list[tuple[str, str]]:
    """Return elements whose text holds some of `MARKUP` unchanged, with that markup."""
    matches = []
    for block in (app.main, app.sidebar):
        for node in block:
            proto = getattr(node, "proto", None)
            if proto is None or node.type in VERBATIM_ELEMENTS:
                continue
            body = str(proto).encode().decode("unicode_escape", errors="replace")
            matches += [(node.type, text) for text in MARKUP if text in body or text.strip() in body]
    return matches


@pytest.mark.parametrize("page", PAGES)
def test_markup_in_a_link_is_never_rendered(idle_executor, monkeypatch, page):
    route_pages_through_app(monkeypatch)
    monkeypatch.setattr(reading, "MAX_NOTES", 1000)
    app_without_link = open_from_link("" if page == "start" else page)
    shown = app_without_link.session_state["shown"]
    names = [control.name for control in shown.controls_for_link({})] if shown is not None else []
    names += ["lesson", "step", "room", "hide", "lock", "big", "play", "embed_options", *MARKUP]
    link = {name: MARKUP[(i + len(page)) % len(MARKUP)] for i, name in enumerate(names)}
    app = open_from_link("" if page == "start" else page, **link)
    assert not markup_shown(app)
    warnings = [warning.value for warning in app.warning]
    assert any(MARK in warning for warning in warnings)  # the link was read, and its values are quoted
    assert app.query_params


# ---- requirements

STANDARD_LIBRARY = sys.stdlib_module_names
DISTRIBUTION_OF_MODULE = {"PIL": "pillow", "sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}


def test_every_imported_package_is_in_requirements():
    requirements = (ROOT / "requirements.txt").read_text()
    pinned = dict(re.findall(r"(?m)^([a-z-]+)==([\w.]+)$", requirements))
    assert len(pinned) == len([line for line in requirements.splitlines() if not line.startswith("#")])
    imported = set()
    for path in (ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "cl_core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            imported |= {name.split(".")[0] for name in names}
    imported = {DISTRIBUTION_OF_MODULE.get(name, name) for name in imported - STANDARD_LIBRARY - {"cl_core"}}
    assert not imported - set(pinned)
