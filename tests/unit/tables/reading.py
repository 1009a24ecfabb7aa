"""Write results, make a table of them, and return its lines."""

import gzip

from epyflow import tables
from epyflow.artifacts import pickling


def save(folder, *results):
    paths = []
    for number, result in enumerate(results):
        path = folder / f"result_{number:05d}.pkl"
        pickling.write(result, path)
        paths.append(path)
    return paths


def spec(quantiles=(0.5,), series=None, parameters=True, generations=None):
    return tables.TableSpec(quantiles, series, parameters, generations)


def table_bytes(name, folder, results, wanted):
    path = folder / f"{name}.csv.gz"
    tables.write({name: (wanted, path)}, save(folder, *results))
    return path.read_bytes()


def table(name, folder, results, wanted):
    text = gzip.decompress(table_bytes(name, folder, results, wanted)).decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")
