"""Run many cases of every kind on all cores, and print a table: ``make fuzz``.

A case that is printed is run again with ``python -m tests.fuzz --case KIND HEX``.
"""

import argparse
import sys
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "packages" / "forecast-hub" / "tests")]

from tests.fuzz.kinds import KINDS  # noqa: E402 - found on the path
from tests.fuzz.oracle import Report, run_batch, run_case  # noqa: E402

BATCH = 250
"""Cases of a process, so that none grows with those before it."""


def main() -> int:
    """Run the cases, and return 1 if a reader did what it may not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--kind", default="", help="only kinds whose names begin with it")
    parser.add_argument("--case", nargs=2, metavar=("KIND", "HEX"), help="run one case")
    given = parser.parse_args()
    if given.case:
        (kind,) = (each for each in KINDS if each.name == given.case[0])
        return show([run_case(kind, bytes.fromhex(given.case[1]))])
    kinds = [kind for kind in KINDS if kind.name.startswith(given.kind)]
    whole = sum(kind.weight for kind in kinds)
    reports = {kind.name: Report(kind.name) for kind in kinds}
    # Turn by turn, so that a campaign that is cut short has cases of all kinds.
    batches = [
        (given.seed * 1_000_000 + number, kind.name, min(BATCH, cases - number * BATCH))
        for kind in kinds
        for cases in [-(-given.cases * kind.weight // whole)]
        for number in range(-(-cases // BATCH))
    ]
    batches.sort(key=lambda batch: batch[0])

    with get_context("fork").Pool(given.cores) as pool:
        try:
            for report in pool.imap_unordered(run, batches):
                for each in report.violations.values():
                    if each.what not in reports[report.kind].violations:
                        sys.stderr.write(f"{each.what}: --case '{report.kind}' {each.case}\n")
                reports[report.kind].merge(report)
        except KeyboardInterrupt:
            sys.stderr.write("stopped; the table has the cases so far\n")
    return show(list(reports.values()))


def run(batch: tuple[int, str, int]) -> Report:
    """Run a batch: its number, its kind, and how many cases it has."""
    number, name, cases = batch
    (kind,) = (each for each in KINDS if each.name == name)
    return run_batch(kind, number, cases)


def show(reports: list[Report]) -> int:
    """Print a table of reports and every violation; return the exit code."""
    lines = ["| kind | cases | refused | violations | CPU-seconds |", "|---|--:|--:|--:|--:|"]
    counts = {each.kind: sum(v.count for v in each.violations.values()) for each in reports}
    lines += [
        f"| {each.kind} | {each.cases:,} | {each.refused:,} | {counts[each.kind]:,} "
        f"| {each.seconds:,.0f} |"
        for each in reports
    ]
    cases, seconds = sum(each.cases for each in reports), sum(each.seconds for each in reports)
    refused = sum(each.refused for each in reports)
    lines.append(
        f"| **all** | {cases:,} | {refused:,} | {sum(counts.values()):,} | {seconds:,.0f} |"
    )
    for report in reports:
        for each in report.violations.values():
            lines += ["", f"{each.count} times {each.what}"]
            lines += [f"  python -m tests.fuzz --case '{report.kind}' {each.case}"]
            lines += [f"  {line}" for line in each.detail.splitlines()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
