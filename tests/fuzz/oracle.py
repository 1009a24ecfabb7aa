"""Run cases in a forked process that may not exceed a limit, and say what no reader may do.

A reader may refuse a file with an error of its package that names the file, or read it. It may not
raise anything else, take more than 10 seconds, a GiB of memory, or more than 2,000 characters
in a line to say why, leave a file behind, or open a file outside the folder that it was given.
"""

import json
import logging
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.kind import Kind
from tests.fuzz.mutations import edits_of

SECONDS, WALL_SECONDS = 10, 60
MEMORY = 2**30
LONGEST_LINE = 2_000

ROOT = Path(__file__).resolve().parents[2]
_READABLE = (
    sys.prefix,
    sys.base_prefix,
    "/usr",
    "/etc/localtime",
    "/proc/self",
    os.devnull,
    "/sys/fs/cgroup",
)
_READABLE += tuple(str(ROOT / name) for name in ("src", "packages", "tests", "uv.lock"))
_WRITES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod")
_NEVER = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "socket.connect", "os.kill")


@dataclass
class Violation:
    """What a reader did, where in the project, how often, and the shortest case that shows it."""

    what: str
    case: str
    detail: str
    count: int = 1


@dataclass
class Report:
    """Cases of a kind: how many, how many of them were refused, and what went wrong."""

    kind: str
    cases: int = 0
    refused: int = 0
    seconds: float = 0.0
    violations: dict[str, Violation] = field(default_factory=dict)

    def add(self, violation: Violation) -> None:
        known = self.violations.setdefault(violation.what, violation)
        if known is not violation:
            known.count += violation.count
            if len(violation.case) < len(known.case):
                known.case, known.detail = violation.case, violation.detail

    def merge(self, other: "Report") -> None:
        self.cases += other.cases
        self.refused += other.refused
        self.seconds += other.seconds
        for violation in other.violations.values():
            self.add(violation)


class _HangError(BaseException):
    """A reader took too long. No reader catches it."""


def run_batch(kind: Kind, number: int, cases: int) -> Report:
    """Run cases of a kind in a fork; the same number gives the same cases."""
    _import_readers(kind)
    return _in_fork(kind, lambda folder: _run_cases(kind, number, cases, folder))


@cache
def _import_readers(kind: Kind) -> None:
    """Read the valid files once, so that no fork imports what readers import late.

    It raises if one of them is refused: then what is damaged was not valid.
    """
    with tempfile.TemporaryDirectory(prefix="epyflow-fuzz-") as name:
        folder = Path(name).resolve()
        kind.prepare(folder)
        (folder / "tmp").mkdir()
        for seed_name, _ in kind.seeds():
            list(kind.read(folder / seed_name))


def run_case(kind: Kind, case: bytes) -> Report:
    """Run one case in a fork."""

    def run(folder: Path) -> Report:
        report = Report(kind.name)
        (folder / _LAST).write_text(case.hex())
        _check(kind, case, folder, report)
        return report

    return _in_fork(kind, run)


def _in_fork(kind: Kind, work: Callable[[Path], Report]) -> Report:
    """Return the report of work in a fork; if it is killed, its last case is a violation."""
    with tempfile.TemporaryDirectory(prefix="epyflow-fuzz-") as name:
        folder = Path(name).resolve()
        kind.prepare(folder)
        readable, writable = os.pipe()
        sys.stdout.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 warns of forks beside threads
            child = os.fork()
        if child == 0:
            _serve(work, folder, writable)
        os.close(writable)
        with os.fdopen(readable, "rb") as pipe:
            data = pipe.read()
        _, status, used = os.wait4(child, 0)
        if data:
            report = _read(json.loads(data))
        else:
            ended = f"the process ended with the status {status}"
            report = Report(kind.name, cases=1)
            report.add(Violation(ended, (folder / _LAST).read_text(), ended))
    report.seconds = used.ru_utime + used.ru_stime
    return report


_LAST = "last-case"
_AT_ONCE = 5
"""Cases that hypothesis draws at once, which takes less time than one by one."""


def _serve(work: Callable[[Path], Report], folder: Path, target: int) -> None:
    """Work in the fork, within the limits, and write the report to a pipe."""
    code = 1
    try:
        logging.disable()
        tempfile.tempdir = str(folder / "tmp")
        os.mkdir(tempfile.tempdir)  # noqa: PTH102 - one call
        os.chdir(folder / "tmp")
        _limit_memory()
        report = work(folder)
        with os.fdopen(target, "wb") as pipe:
            pipe.write(json.dumps(report, default=vars).encode())
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)


def _read(data: dict[str, Any]) -> Report:
    violations = {what: Violation(**each) for what, each in data.pop("violations").items()}
    return Report(**data, violations=violations)


def _limit_memory() -> None:
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return  # no Linux
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))


def _run_cases(kind: Kind, number: int, cases: int, folder: Path) -> Report:
    report = Report(kind.name)
    opened = _watch_files(folder)
    last = os.open(folder / _LAST, os.O_WRONLY | os.O_CREAT)

    @seed(number)
    @settings(
        max_examples=-(-cases // _AT_ONCE),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.binary(min_size=6, max_size=21), min_size=_AT_ONCE, max_size=_AT_ONCE))
    def each(drawn: list[bytes]) -> None:
        for case in drawn:
            os.pwrite(last, case.hex().ljust(42).encode(), 0)
            _check(kind, case, folder, report, opened)

    each()
    return report


def _check(
    kind: Kind, case: bytes, folder: Path, report: Report, opened: list[str] | None = None
) -> None:
    """Read one damaged file, and record what the reader may not do."""
    edits = edits_of(case)
    seeds = kind.seeds()
    name, content = seeds[case[0] % len(seeds)]
    data = kind.mutate(content, edits)
    path = kind.write(folder, name, data)
    before = _expected_names(folder, kind.name, name)
    outside = opened if opened is not None else _watch_files(folder)
    outside.clear()
    found: list[tuple[str, str]] = []
    try:
        with _time_limit():
            texts = list(kind.read(path))
    except kind.errors as error:
        report.refused += 1
        texts = [str(error)]
        places = [kind.place] if kind.place else []
        if not any(each in str(error) for each in (*places, *map(os.path.basename, before))):
            found.append(("its message does not name the file", str(error)))
    except _HangError:
        texts = []
        found.append((f"it takes more than {SECONDS} s", "".join(traceback.format_stack())[:3000]))
    except BaseException as error:
        texts = []
        found.append((_place_of(error), "".join(traceback.format_exception(error))[-3000:]))
    outside_now = list(outside)
    found += [(f"it opens a file outside: {each}", each) for each in outside_now[:3]]
    found += [problem for text in texts for problem in _wrong_with(text)]
    left = sorted(_names(folder) - before)
    if left:
        found.append((f"it leaves {Path(left[0]).suffix or left[0]}", ", ".join(left[:5])))
        for each in left:
            shutil.rmtree(folder / each) if (folder / each).is_dir() else (folder / each).unlink(
                missing_ok=True
            )
    report.cases += 1
    for what, detail in found:
        report.add(Violation(f"{kind.name}: {what}", case.hex(), detail))


def _names(folder: Path) -> set[str]:
    skip = len(str(folder)) + 1
    return {
        f"{where}/{each}"[skip:]
        for where, folders, files in os.walk(folder)
        for each in (*folders, *files)
    }


@cache
def _expected_names(folder: Path, kind: str, name: str) -> set[str]:
    """Return the names in the folder; a case leaves it as it was."""
    del kind, name
    return _names(folder)


def _wrong_with(text: str) -> Iterator[tuple[str, str]]:
    if max(map(len, text.split("\n"))) > LONGEST_LINE:
        yield f"a message has a line of more than {LONGEST_LINE:,} characters", text[:3000]
    try:
        text.encode()
    except UnicodeEncodeError:
        yield "a message cannot be printed", ascii(text)[:3000]


def _place_of(error: BaseException) -> str:
    """Name an error by its type and the innermost line of the project."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        each for each in frames if "/src/" in each.filename and "site-packages" not in each.filename
    ]
    where = ours[-1] if ours else frames[-1]
    return f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno} {where.name}"


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raise an error after seconds of processor time, and after more of waiting."""

    def stop(*_: object) -> None:
        raise _HangError

    for number in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(number, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _watch_files(folder: Path) -> list[str]:
    """Return a list to which Python adds what is opened or changed outside, or is started."""
    found: list[str] = []
    inside = f"{folder}/"

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int) or path is None:
                return
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        elif event in _WRITES:
            path, writes = arguments[0], True
        elif event in _NEVER:
            found.append(event)
            return
        else:
            return
        try:
            text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - called for every file
            real = os.path.realpath(text)
        except (TypeError, ValueError):
            return  # a number, or a name that no file can have
        if f"{real}/".startswith(inside):
            return
        if writes or not real.startswith(_READABLE):
            found.append(f"{event} {text[:200]!r}")

    sys.addaudithook(watch)
    return found
