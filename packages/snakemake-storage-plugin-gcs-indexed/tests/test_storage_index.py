"""The index answers as the bucket would, and asks the bucket seldom."""

import math
import threading
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snakemake_storage_plugin_gcs_indexed.index import Entry, Index, Page, Trust


@dataclass
class Names:
    """A bucket's names, listed in pages; keeps what was there at every time."""

    page: int = 3
    names: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    now: float = 0.0
    history: list[tuple[float, frozenset[str]]] = field(default_factory=list)

    def list_from(self, start: str) -> Page:
        self.requests.append(start)
        ordered = sorted(self.names)
        first = bisect_left(ordered, start)
        shown = ordered[first : first + self.page]
        return Page(
            tuple((name, Entry(self.names[name], 1, None, 1.0)) for name in shown),
            complete=first + self.page >= len(ordered),
        )

    def index(self, *, wide: bool = True) -> Index:
        return Index(self.list_from, wide=wide, clock=lambda: self.now)

    def remember(self) -> None:
        self.history.append((self.now, frozenset(self.names)))

    def states_since(self, time: float) -> list[frozenset[str]]:
        """What was there at any time from ``time`` until now."""
        before = [names for when, names in self.history if when <= time][-1:]
        return before + [names for when, names in self.history if when > time]


def named(*names: str, page: int = 3) -> Names:
    return Names(page=page, names=dict.fromkeys(names, 7))


def test_one_page_answers_for_all_names_that_it_covers():
    bucket = named("p/a", "p/b")
    index = bucket.index()

    found = [index.find(name) for name in ("p/a", "p/b", "p/c", "p/aa")]

    assert [entry is not None for entry in found] == [True, True, False, False]
    assert bucket.requests == ["p/"]


def test_a_name_beyond_the_first_page_takes_one_more_request():
    bucket = named(*(f"p/{i}" for i in range(10, 30)))
    index = bucket.index()

    assert index.find("p/25") is not None
    assert index.find("p/26") is not None
    assert index.find("p/26x") is None

    assert bucket.requests == ["p/", "p/25"]


def test_the_whole_bucket_is_never_listed():
    bucket = named(*(f"other/{i}" for i in range(100)), "a/x", "z/y", "top")
    index = bucket.index()

    assert all(index.find(name) for name in ("a/x", "z/y", "top"))

    assert "" not in bucket.requests
    assert len(bucket.requests) == 3


@pytest.mark.parametrize("order", [sorted, lambda names: sorted(names, reverse=True)])
def test_names_in_directories_of_their_own_share_pages(order):
    names = [f"run/{i:04}/out.txt" for i in range(1000)]
    bucket = named(*names, page=100)
    index = bucket.index()

    assert all(index.find(name) for name in order(names))

    # Ten pages hold all names; one more request finds out what the directories have in common.
    assert len(bucket.requests) <= 2 * 10 + 1


@pytest.mark.parametrize("order", [sorted, lambda names: sorted(names, reverse=True)])
def test_a_directory_full_of_other_things_costs_no_more_than_the_questions(order):
    asked = [f"run/out-{i:04}" for i in range(5)]
    bucket = named(*(f"run/in-{i:05}" for i in range(10_000)), *asked, page=100)
    index = bucket.index()

    assert all(index.find(name) for name in order(asked))

    assert len(bucket.requests) <= 2 * len(asked)


def test_a_directory_is_what_other_names_start_with():
    bucket = named("d-1", "d/x", "e")
    index = bucket.index()

    assert index.find("d") is None
    assert index.has_below("d/")
    assert not index.has_below("e/")
    assert not index.has_below("d/x/")


def test_everything_below_a_directory_is_found_over_many_pages():
    names = [f"d/{i:02}" for i in range(10)]
    bucket = named("c", *names, "e")
    index = bucket.index()

    assert sorted(index.below("d/")) == names


def test_what_we_write_and_remove_is_known_without_asking():
    bucket = named("p/a")
    index = bucket.index()
    index.find("p/a")

    index.put("p/b", Entry(8, 5, "crc", 2.0))
    index.drop("p/a")

    assert index.find("p/b") == Entry(8, 5, "crc", 2.0)
    assert index.find("p/a") is None
    assert len(bucket.requests) == 1


def test_what_was_absent_is_asked_again_once_it_may_have_come():
    bucket = named("p/a")
    index = bucket.index()
    assert index.find("p/b") is None
    bucket.names["p/b"] = 9
    bucket.now = 2.0

    assert index.find("p/b", Trust(present=60, absent=1)) == Entry(9, 1, None, 1.0)


def test_one_request_serves_all_names_asked_within_a_second():
    bucket = named(*(f"p/out/{i}" for i in range(10, 60)), page=1000)
    index = bucket.index()
    trust = Trust(present=60, absent=1)
    index.find("p/out/none")
    bucket.now = 100.0

    assert all(index.find(f"p/out/{i}", trust) for i in range(10, 60))
    assert not index.find("p/out/99", trust)

    assert len(bucket.requests) == 2


def test_outputs_and_benchmarks_of_one_job_are_seen_with_one_request():
    names = [f"p/{kind}/{i}" for kind in ("bench", "out") for i in range(100)]
    bucket = named(*names, page=1000)
    index = bucket.index()
    trust = Trust(present=1, absent=1)
    for name in ("p/out/0", "p/bench/0"):
        index.find(name, trust)
    before = len(bucket.requests)
    for i in range(1, 11):
        bucket.now += 10
        assert all(index.find(f"p/{kind}/{i}", trust) for kind in ("out", "bench"))

    assert len(bucket.requests) - before == 10


def test_a_page_under_way_does_not_undo_what_we_wrote_meanwhile():
    bucket = named("p/a", "p/old")
    index = Index(lambda start: slow(start), clock=lambda: bucket.now)

    def slow(start: str) -> Page:
        page = bucket.list_from(start)
        bucket.now += 1
        index.put("p/new", Entry(9, 1))
        index.drop("p/old")
        bucket.now += 1
        return page

    assert index.find("p/a") is not None

    assert index.find("p/new") == Entry(9, 1)
    assert index.find("p/old") is None


def test_threads_that_ask_at_the_same_time_share_a_page():
    bucket = named(*(f"p/{i}" for i in range(10, 90)), page=1000)
    slowly = threading.Event()

    def list_slowly(start: str) -> Page:
        slowly.wait(timeout=30)
        return bucket.list_from(start)

    index = Index(list_slowly)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(index.find, f"p/{i}") for i in range(10, 90)]
        slowly.set()

    assert all(future.result() for future in found)
    assert bucket.requests == ["p/"]


def test_a_download_does_not_make_us_forget_when_an_object_was_written():
    index = named().index()
    index.put("a", Entry(1, 5, "crc", updated=3.0))

    index.put("a", Entry(1, 5, "crc"))
    assert index.find("a") == Entry(1, 5, "crc", 3.0)

    index.put("a", Entry(2, 5, "crc"))
    assert index.find("a") == Entry(2, 5, "crc", None)


def test_a_worker_asks_for_the_name_itself():
    bucket = named(*(f"p/{i}" for i in range(10, 90)))
    index = bucket.index(wide=False)

    assert index.find("p/50")

    assert bucket.requests == ["p/50"]


name = st.text(st.sampled_from("ab/-0é"), min_size=1, max_size=5)


@settings(max_examples=300, deadline=None)
@given(st.sets(name, max_size=40), st.lists(name, max_size=40), st.integers(1, 5), st.booleans())
def test_while_nothing_changes_the_index_equals_the_bucket(there, asked, page, wide):
    bucket = named(*there, page=page)
    index = bucket.index(wide=wide)

    for one in asked:
        assert (index.find(one) is not None) == (one in there)
        assert index.has_below(one + "/") == any(other.startswith(one + "/") for other in there)

    assert len(bucket.requests) <= 4 * len(asked)


act = st.one_of(
    st.tuples(st.sampled_from(["find", "below", "they write", "they remove"]), name),
    st.tuples(st.sampled_from(["we write", "we remove"]), name),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 2.0, 70.0])),
)


@settings(max_examples=500, deadline=None)
@given(st.sets(name, max_size=20), st.lists(act, max_size=60), st.integers(1, 4), st.booleans())
def test_an_answer_was_true_within_the_time_it_is_trusted(there, acts, page, wide):
    bucket = named(*there, page=page)
    index = bucket.index(wide=wide)
    trust = Trust(present=60.0, absent=1.0)
    bucket.remember()

    for what, arg in acts:
        bucket.now += 0.001
        match what:
            case "wait":
                bucket.now += arg
            case "they write":
                bucket.names[arg] = 1
            case "they remove":
                bucket.names.pop(arg, None)
            case "we write":
                bucket.names[arg] = 2
                index.put(arg, Entry(2, 1, None, 1.0))
            case "we remove":
                bucket.names.pop(arg, None)
                index.drop(arg)
            case "find":
                found = index.find(arg, trust) is not None
                states = bucket.states_since(bucket.now - (60.0 if found else 1.0))
                assert any((arg in names) == found for names in states)
            case "below":
                found = index.has_below(arg + "/", trust)
                states = bucket.states_since(bucket.now - (60.0 if found else 1.0))
                assert any(
                    any(other.startswith(arg + "/") for other in names) == found for names in states
                )
        bucket.remember()

    questions = [what for what, _ in acts if what in ("find", "below")]
    assert len(bucket.requests) <= 2 * len(questions)


def test_the_default_is_to_trust_for_ever():
    assert Trust() == Trust(math.inf, math.inf)
