"""Whatever a link or a file asks for, there is an end to it in the core, in words; and nothing is ever unpickled."""

import ast
import io
import os
import re
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from cl_core import training
from cl_core.charts import gif
from cl_core.data import datasets, npz
from cl_core.data.npz import DataError
from cl_core.losses import LOSSES
from cl_core.runtime import census_job, race
from cl_core.teaching import lessons, rooms
from cl_core.teaching.rooms import RoomError, Rooms
from cl_core.training import RunSpec, config, frames
from cl_core.training.files import run_file
from cl_core.ui.link import controls
from cl_core.ui.link.control import Link
from cl_core.ui.pages import training_controls
from tests import ROOT
from tests.archives import npy_of, own, small, written
from tests.pages.test_links import linked, through_app
from tests.unit.data.test_npz import Trap, refusal, zipped

LESSON = 'title = "a"\n[[steps]]\ntitle = "t"\nwords = "w"\nopen = "start"\n'


# ---- limits


def question(n: int) -> census_job.CensusRequest:
    return census_job.CensusRequest("mnist", None, n, 0.2, "sqeuclidean")


def commit(question: str = "q", visitor: str = "v", answer: Any = 1) -> object:
    return Rooms().submit("abc", question, visitor, answer)


def lesson(**changes: str) -> lessons.Lesson:
    """A lesson with other lines in its step, or another one in place of its own."""
    text = LESSON
    for name, value in changes.items():
        text = re.sub(rf"(?m)^{name} = .*\n", "", text) + f"{name} = {value}\n"
    return lessons.parse("a", text)


ASKED: dict[str, tuple[Callable[[], object], str]] = {
    "batch": (lambda: RunSpec(batch=training.BATCH_RANGE[1] + 1), "batch is 4097"),
    "batch of the census of stars": (lambda: RunSpec(batch=10**400), "batch is 1000"),
    "half a batch": (lambda: RunSpec(batch=8.5), "batch must be a whole number"),  # type: ignore[arg-type]
    "a batch that is true": (lambda: RunSpec(batch=True), "batch must be a whole number"),
    "dimension": (lambda: RunSpec(dim=training.DIM_RANGE[1] + 1), "dim is 513"),
    "no dimension": (lambda: RunSpec(dim=None), "dim must be a whole number"),  # type: ignore[arg-type]
    "rate": (lambda: RunSpec(rate=11), "rate is 11"),
    "rate in words": (lambda: RunSpec(rate="0.1"), "rate must be a number"),  # type: ignore[arg-type]
    "rate that is none": (lambda: RunSpec(rate=float("nan")), "rate is nan"),
    "seed": (lambda: RunSpec(seed=2**31), "seed is 2147483648"),
    "switch": (lambda: RunSpec(unit_norm="no"), "unit_norm must be True or False"),  # type: ignore[arg-type]
    "parameters": (lambda: RunSpec(theta=[1]), "theta must be names"),  # type: ignore[arg-type]
    "loss": (lambda: RunSpec(loss=["supcon"]), "loss must be a text"),  # type: ignore[arg-type]
    "a name of a megabyte": (lambda: RunSpec(dataset="x" * 2**20), "^unknown data set '.{,400}$"),
    "census": (lambda: question(census_job.MAX_IMAGES + 1), "1 to 10,000 images"),
    "census of nothing": (lambda: question(0), "1 to 10,000 images"),
    "movie of nothing": (lambda: gif.join_images([]), "a picture or more"),
    "file": (lambda: run_file.loads(bytes(run_file.MAX_FILE + 1)), "are the most"),
    "answer": (lambda: commit(answer=rooms.MAX_CHOICES), "is no answer"),
    "answer in words": (lambda: commit(answer="x" * 10**6), "^'x{,60} is no answer"),
    "answer off the plane": (lambda: commit(answer=(0.0, 1.5)), "is no answer"),
    "long question": (lambda: commit(question="q" * (rooms.MAX_ID_LENGTH + 1)), "400 letters"),
    "long visitor": (lambda: commit(visitor="v" * (rooms.MAX_ID_LENGTH + 1)), "400 letters"),
    "steps": (lambda: lessons.parse("a", LESSON + LESSON.partition("\n")[2] * lessons.MAX_STEPS), "1 to 40"),
    "title": (lambda: lesson(title='"' + "t" * (lessons.MAX_TITLE_LENGTH + 1) + '"'), "200 letters"),
    "settings": (lambda: lesson(open='"start?' + "&".join("abcdefg"[i % 7] for i in range(65)) + '"'), "64 settings"),
    "conditions": (lambda: lesson(done=str(["a > 1"] * 21)), "20 texts"),
    "minutes": (lambda: lesson(minutes="601"), "0 and 600"),
    "a number of 5,000 digits": (lambda: lesson(minutes="9" * 5000), "2,000 letters"),
    "a name of 50,000 parts": (lambda: lessons.parse("a", "a." * 50_000 + "a = 1"), "2,000 letters"),
}  # fmt: skip


@pytest.mark.parametrize(("ask", "words"), ASKED.values(), ids=ASKED)
def test_more_than_there_may_be_is_refused_in_words(ask, words):
    with pytest.raises(ValueError, match=words) as refused:
        ask()
    assert len(str(refused.value)) < 1000


def test_a_whole_number_will_do_for_a_rate_and_is_kept_as_one():
    spec = RunSpec(rate=1)
    assert (type(spec.rate), spec) == (float, RunSpec(rate=1.0))


def test_whatever_a_slider_can_be_put_to_is_within_what_the_core_allows():
    for loss in LOSSES.values():
        every = training_controls.training_controls(loss)
        for name, (low, high) in {
            "batch": training.BATCH_RANGE,
            "dim": training.DIM_RANGE,
            "rate": training.RATE_RANGE,
        }.items():
            assert low <= min(every[name].options) < max(every[name].options) <= high
        assert (every["seed"].low, every["seed"].high) == training.SEED_RANGE
        assert set(every["points"].options) <= set(frames.PROBE_SIZES)
        for control in controls.loss_parameters(loss):
            for value in control.options or (control.low, control.high):
                loss.check({control.name: type(control.default)(value)})


def test_a_step_looks_at_no_more_numbers_than_there_is_room_for(monkeypatch):
    spec = RunSpec(batch=4096)
    monkeypatch.setattr(config, "MAX_STEP_VALUES", 4096 * 784)
    training.start(spec)
    monkeypatch.setattr(config, "MAX_STEP_VALUES", 4096 * 784 - 1)
    with pytest.raises(ValueError, match=r"for images of 784 pixels a step has 4,095 at most"):
        training.start(spec)
    assert training.BATCH_RANGE[1] * npz.MAX_SIDE**2 > training.MAX_STEP_VALUES


@pytest.mark.parametrize("batch", [training.BATCH_RANGE[0], 128, 2048, training.BATCH_RANGE[1]])
def test_the_longest_run_has_so_many_frames_that_they_fit_into_memory(batch):
    spec = RunSpec(batch=batch)

    def gap(step: int) -> int:
        return frames.next_frame_step(spec, begun := frames.next_frame_step(spec, step)) - begun

    assert sum(500 / gap(step) for step in range(250, training.MAX_STEPS, 500)) < frames.MAX_FRAMES
    assert gap(training.MAX_STEPS) <= max(
        frames.MAX_ROWS_IN_GAP // batch, training.MAX_STEPS // frames.LATE_GAP_DIVISOR
    )


def test_what_a_race_and_a_movie_ask_for_at_most():
    assert race.CONTENDER_RANGE[1] * race.SEED_COUNT_RANGE[1] <= 20
    assert len(gif.frame_times(training.MAX_STEPS)) <= training.MAX_STEPS
    assert len(gif.frame_times(gif.MAX_IMAGES)) <= gif.MAX_IMAGES


def bounded(monkeypatch, **most):
    """Rooms of which there are so many at most, and the time that they go by."""
    for name, value in most.items():
        monkeypatch.setattr(rooms, name, value)
    now = [0.0]
    return Rooms(lambda: now[0]), now


def test_there_is_an_end_to_the_answers_of_a_server(monkeypatch):
    every, now = bounded(monkeypatch, MAX_ANSWERS=3)
    for visitor in "abc":
        every.submit("abc", "q", visitor, 1)
    with pytest.raises(RoomError, match="no more answers"):
        every.submit("xyz", "q", "d", 1)
    assert every.submit("abc", "q", "a", 2) == 1
    now[0] = rooms.IDLE_SECONDS + 1
    assert every.submit("xyz", "q", "d", 1) == 1
    assert every.answers("abc", "q") == ()


def test_nobody_can_take_all_rooms_alone(monkeypatch):
    every, now = bounded(monkeypatch, MAX_ROOMS=3)
    for visitor in "ab":
        every.submit("class", "q", visitor, 1)
    for i in range(20):
        now[0] += 1
        every.submit(f"taken-{i}", "q", "greedy", 1)
    now[0] += 1
    every.submit("another-class", "q", "c", 2)
    assert every.answers("class", "q") == (1, 1)
    assert every.answers("another-class", "q") == (2,)


def test_of_a_folder_of_a_thousand_files_a_few_are_looked_at(tmp_path, monkeypatch):
    for i in range(1000):
        (tmp_path / f"{i:04}.npz").touch()
        (tmp_path / f"{i:04}.toml").write_text(LESSON)
    own(monkeypatch, tmp_path)
    assert len(datasets.available()) == len(datasets.DATASETS) + datasets.MAX_FILES
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    found, faults = lessons.available()
    assert len(found) <= lessons.MAX_FILES + len(list(lessons.FOLDER.glob("*.toml")))
    assert any("has 1,000 lessons, of which 50 are read" in fault for fault in faults)


def test_nobody_waits_for_a_pipe_among_the_files(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "a.npz")
    os.mkfifo(tmp_path / "a.toml")
    assert "no ordinary file" in refusal(tmp_path / "a.npz")
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    assert any("no ordinary file" in fault for fault in lessons.available()[1])


def test_a_lesson_that_cannot_be_read_leaves_the_others(tmp_path, monkeypatch):
    (tmp_path / "digits.toml").write_text(
        "x = [\n" + "9" * 1999 + ",\n" + "9" * 1999 + "\n]\nminutes = 0x" + "f" * 1900
    )
    (tmp_path / "nested.toml").write_text("x = " + "[" * 1900)
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe4"')
    (tmp_path / "good.toml").write_text(LESSON)
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    found, faults = lessons.available()
    assert "good" in found
    assert len(faults) == 3


# ---- files


def many_members(n: int) -> bytes:
    """A zip of so many empty files: forty-six bytes of it and a name become an object of half a kilobyte each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as stored:
        for i in range(n):
            stored.writestr(str(i), b"")
    return file.getvalue()


def test_a_list_of_a_million_members_is_not_read():
    file = many_members(20_000)
    for read in (run_file.loads, lambda given: npz.check_directory(io.BytesIO(given))):
        tracemalloc.start()
        with pytest.raises((DataError, zipfile.BadZipFile), match="too many"):
            read(file)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2**17  # the list itself would take ten megabytes


def test_a_zip_whose_end_is_told_twice_is_not_read(tmp_path):
    """A comment may hold another end, and a record of 64 bits another length."""
    good = zipped(tmp_path / "a.npz", **{name: npy_of(array) for name, array in small().items()}).read_bytes()
    end = good.rindex(b"PK\5\6")
    commented = good[:-2] + (5).to_bytes(2, "little") + b"words"
    doubled = good[:end] + b"PK\6\7" + bytes(16) + good[end:]
    for file in (commented, doubled, good + b"\0", good[-21:], b""):
        with pytest.raises(zipfile.BadZipFile):
            npz.check_directory(io.BytesIO(file))
    npz.check_directory(io.BytesIO(good))


def test_a_header_of_megabytes_is_not_read(tmp_path):
    stream = io.BytesIO()
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (40, 8, 8)}".ljust(2**22) + b"\n"
    stream.write(b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header + bytes(40 * 64))
    good = {name: npy_of(array) for name, array in small().items()}
    path = zipped(tmp_path / "a.npz", **good | {"x_train": stream.getvalue()})
    assert "unusual version (2, 0)" in refusal(path)


def test_names_in_a_zip_are_no_places_on_the_disk(tmp_path):
    path = tmp_path / "a.npz"
    outside = tmp_path.parent / "outside.npy"
    with zipfile.ZipFile(path, "w") as stored:
        for name, array in small().items():
            stored.writestr(f"{name}.npy", npy_of(array))
        stored.writestr(f"../{outside.name}", b"out")
        link = zipfile.ZipInfo(str(tmp_path / "link.npy"))
        link.external_attr = 0o120777 << 16  # a symbolic link
        stored.writestr(link, "/etc/passwd")
    npz.read(path)
    assert sorted(tmp_path.iterdir()) == [path]
    assert not outside.exists()


def test_a_link_to_a_file_is_that_file_and_to_nothing_is_said(tmp_path):
    true = written(tmp_path / "true.npz", **small())
    (tmp_path / "linked.npz").symlink_to(true)
    (tmp_path / "broken.npz").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.npz").symlink_to(tmp_path / "round.npz")
    assert npz.read(tmp_path / "linked.npz").keys() == npz.read(true).keys()
    for name in ("broken.npz", "round.npz"):
        assert "no such file" in refusal(tmp_path / name) or "cannot be read" in refusal(tmp_path / name)


def test_a_pickle_among_the_prepared_files_is_never_run(tmp_path):
    mark = tmp_path / "mark"
    path = tmp_path / "a.npz"
    np.savez(path, about=np.array([Trap(mark)], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        npz.load_asset(path, dict, "Make it again")
    path.write_bytes(b"\x80\x04K\x01.")  # a pickle of its own, which numpy.load would otherwise try
    with pytest.raises(DataError, match=r"no \.npz"):
        npz.load_asset(path, dict, "Make it again")
    assert not mark.exists()


def test_markup_in_the_names_of_files_is_nowhere_understood(tmp_path, monkeypatch):
    name = "<b>**x**[a](b)$1$`&.npz"
    written(tmp_path / name, **{"<i>_x_": np.arange(2)})
    own(monkeypatch, tmp_path)
    (key,) = set(datasets.available()) - set(datasets.DATASETS)
    with pytest.raises(DataError) as refused:
        datasets.load(key)
    for words in (str(refused.value).partition(" Expected: ")[0], datasets.available()[key].title):
        assert not re.search(r"[<>*\[\]$`&]", words), words


UNPICKLERS = {"pickle", "_pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "jsonpickle", "yaml"}
LOADERS = {"torch.load", "np.load", "numpy.load", "npy.read_array", "pd.read_pickle", "pandas.read_pickle"}
OWN_WORKERS = {"cl_core/runtime/dask_cluster.py"}  # hands work to workers that were started by whoever runs the server


def opened_without_care(source: str) -> Iterator[str]:
    """What a module does that could run what a file holds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
            yield from (name for name in names if name.split(".")[0] in UNPICKLERS)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            given = {each.arg: ast.unparse(each.value) for each in node.keywords}
            safe = (
                given.get("weights_only") == "True" if called == "torch.load" else given.get("allow_pickle") == "False"
            )
            if (called in LOADERS and not safe) or called in ("eval", "exec", "__import__"):
                yield called
            if given.get("allow_pickle") == "True":
                yield f"{called} with pickles"


def test_nothing_in_the_project_unpickles_what_somebody_gives_it():
    modules = [
        ROOT / "app.py",
        *(path for part in ("cl_core", "pages", "assets") for path in (ROOT / part).rglob("*.py")),
    ]
    found = {str(path.relative_to(ROOT)): list(opened_without_care(path.read_text())) for path in modules}
    assert {name for name, calls in found.items() if calls} == OWN_WORKERS
    for source in (
        "np.load(f)",
        "torch.load(f, weights_only=False)",
        "import pickle",
        "eval(x)",
        "f(allow_pickle=True)",
    ):
        assert list(opened_without_care(source)), source


# ---- links

MARK = "zq7x"
MARKUP = (
    f"<b>{MARK}</b>", f"<script>{MARK}()</script>", f"<img src={MARK} onerror=1>", f"[a](javascript:{MARK})",
    f"![{MARK}](http://x)", f"$\\frac{{{MARK}}}$", f"$${MARK}$$", f":red[{MARK}]", f":material/{MARK}:", f"**{MARK}**",
    f"`{MARK}`", f"```\n{MARK}", f"\n# {MARK}", f"\n\n---\n{MARK}", f"&lt;{MARK}&gt;", f"&#60;{MARK}", f"<http://{MARK}>",
    f"http://{MARK}.example", f"</style><p>{MARK}", f"\"'>{MARK}", f"{MARK}|a\n-|-", f"~~{MARK}~~", f"\\{MARK}",
)  # fmt: skip
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
AS_IT_IS = {"text", "code", "text_input"}  # elements that show a text and do not read it


def understood(app: Any) -> list[tuple[str, str]]:
    """Elements in which some of `MARKUP` stands as it came."""
    found = []
    for block in (app.main, app.sidebar):
        for node in block:
            proto = getattr(node, "proto", None)
            if proto is None or node.type in AS_IT_IS:
                continue
            body = str(proto).encode().decode("unicode_escape", errors="replace")
            found += [(node.type, text) for text in MARKUP if text in body or text.strip() in body]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_markup_from_a_link_is_nowhere_understood(idle_executor, monkeypatch, page):
    through_app(monkeypatch)
    monkeypatch.setattr(controls, "_faults", everything_said)
    first = linked("" if page == "start" else page)
    shown = first.session_state["shown"]
    names = [each.name for each in shown.controls_for_link({})] if shown is not None else []
    names += ["lesson", "step", "room", "hide", "lock", "big", "play", "embed_options", *MARKUP]
    link = {name: MARKUP[(i + len(page)) % len(MARKUP)] for i, name in enumerate(names)}
    app = linked("" if page == "start" else page, **link)
    assert not understood(app)
    warned = [each.value for each in app.warning]
    assert any(MARK in words for words in warned)  # it was read, and said
    assert app.query_params


_of_few = controls._faults


def everything_said(link: Link, known: Any) -> list[str]:
    """What is wrong with all parts of a link, of which a page says the first few."""
    return [note for name, text in link.items() for note in _of_few({name: text}, known)]


# ---- what it is made of

STANDARD = sys.stdlib_module_names
CALLED = {"PIL": "pillow", "sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}


def test_whatever_the_app_imports_is_in_its_requirements():
    listed = (ROOT / "requirements.txt").read_text()
    pinned = dict(re.findall(r"(?m)^([a-z-]+)==([\w.]+)$", listed))
    assert len(pinned) == len([line for line in listed.splitlines() if not line.startswith("#")])
    wanted = set()
    for path in (ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "cl_core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            wanted |= {name.split(".")[0] for name in names}
    wanted = {CALLED.get(name, name) for name in wanted - STANDARD - {"cl_core"}}
    assert not wanted - set(pinned)
