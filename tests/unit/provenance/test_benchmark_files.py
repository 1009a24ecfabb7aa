import pytest

from epyflow.provenance.benchmark_files import Benchmark, read_benchmark

HEADER = "s\th:m:s\tmax_rss\tmax_vms\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("12.5\t0:00:12\t310.25\t900\n", Benchmark(12.5, 310.25)),
        ("1\t0:00:01\t100\t1\n3\t0:00:03\t200\t1\n", Benchmark(3.0, 200.0)),
        ("0.01\t0:00:00\t-\t-\n", Benchmark(0.01, None)),
        ("NA\tNA\tNA\tNA\n", Benchmark(None, None)),
        ("", Benchmark(None, None)),
        ("2.0\n", Benchmark(2.0, None)),
    ],
    ids=["measured", "repeated", "short", "not measured", "no row", "cut short"],
)
def test_the_last_row_tells_what_a_job_took(rows, expected):
    assert read_benchmark(f"{HEADER}{rows}".encode()) == expected


def test_a_file_that_was_never_written_to_tells_nothing():
    assert read_benchmark(b"") == Benchmark(None, None)
