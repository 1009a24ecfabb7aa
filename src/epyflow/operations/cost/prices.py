"""Read the price table: US dollars per hour of machines and disks, by series and region."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from epyflow.errors import EpyflowError
from epyflow.experiment.format.base import Date
from epyflow.experiment.reading.problems import dotted
from epyflow.strict import Many, Strict, refuse
from epyflow.suggest import did_you_mean, listed
from epyflow.yaml_files import read_yaml

HOURS_PER_MONTH = 730
"""Hours in Google's monthly prices: cloud.google.com/compute/disks-image-pricing."""

SECONDS_PER_HOUR = 3600

Dollars = Annotated[float, Field(ge=0)]
Factor = Annotated[float, Field(gt=0)]
Seconds = Annotated[float, Field(ge=0)]
Size = Annotated[float, Field(gt=0)]


class Series(Strict):
    """One series of machines, such as ``c4d``, in the table's region."""

    vcpu_hour: Dollars = Field(description="US dollars for a vCPU and an hour.")
    gib_hour: Dollars = Field(description="US dollars for a GiB of memory and an hour.")
    spot_vcpu_hour: Dollars = Field(description="The same of a Spot VM.")
    spot_gib_hour: Dollars = Field(description="The same of a Spot VM.")
    disk: str = Field(description="The disk that machines of the series boot from.")
    machines: dict[str, dict[int, Size]] = Field(description="Kind to vCPUs to GiB of memory.")


@dataclass(frozen=True)
class Machine:
    """One machine type: its series, vCPUs and GiB of memory."""

    series: str
    vcpus: int
    gib: float


class Prices(Strict):
    """A price table, with its date and sources."""

    date: Date
    sources: Annotated[Many[str], Field(min_length=1)]
    region: str
    series: dict[str, Series]
    disks: dict[str, Dollars] = Field(description="Disk type to US dollars per GiB and month.")
    regions: dict[str, dict[str, Factor]] = Field(description="Region to series to factor.")
    start_up_seconds: Annotated[Many[Seconds], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _is_complete(self) -> "Prices":
        for name, series in self.series.items():
            if series.disk not in self.disks:
                raise refuse(f"series {name} boots from {series.disk!r}, which is not in disks")
        if self.region not in self.regions:
            raise refuse(f"region {self.region!r} is not in regions")
        if self.start_up_seconds[0] > self.start_up_seconds[1]:
            raise refuse("start_up_seconds: the least is more than the most")
        return self

    def machine(self, machine_type: str) -> Machine:
        """Return the machine of a machine type such as ``c4d-standard-2``.

        Raises
        ------
        EpyflowError
            If the table does not contain it.
        """
        known = {
            f"{name}-{kind}-{vcpus}": Machine(name, vcpus, gib)
            for name, series in self.series.items()
            for kind, sizes in series.machines.items()
            for vcpus, gib in sizes.items()
        }
        if machine_type not in known:
            raise EpyflowError(
                f"machine type {machine_type!r} is not in the price table of {self.date}"
                f"{did_you_mean(machine_type, known)}; it has the series {listed(self.series)}: "
                "copy the table, add the machine and give it with --prices"
            )
        return known[machine_type]

    def machine_hour(self, machine_type: str, region: str, *, spot: bool) -> float:
        """Return US dollars for a machine and an hour, without its disk.

        Raises
        ------
        EpyflowError
            If the table does not have the machine type, or not in that region.
        """
        machine = self.machine(machine_type)
        series = self.series[machine.series]
        vcpu = series.spot_vcpu_hour if spot else series.vcpu_hour
        gib = series.spot_gib_hour if spot else series.gib_hour
        return (machine.vcpus * vcpu + machine.gib * gib) * self._factor(machine.series, region)

    def disk_hour(self, machine_type: str, region: str, gib: float) -> float:
        """Return US dollars for the boot disk of a machine and an hour."""
        machine = self.machine(machine_type)
        month = self.disks[self.series[machine.series].disk]
        return gib * month / HOURS_PER_MONTH * self._factor(machine.series, region)

    def _factor(self, series: str, region: str) -> float:
        if region not in self.regions:
            raise EpyflowError(
                f"region {region!r} is not in the price table of {self.date}"
                f"{did_you_mean(region, self.regions)}; it has {listed(self.regions)}: copy the "
                "table, add the region and give it with --prices"
            )
        if series not in self.regions[region]:
            raise EpyflowError(
                f"the price table of {self.date} has no {series} machines in {region}, but "
                f"{listed(self.regions[region])}: copy the table, add them and give it with "
                "--prices"
            )
        return self.regions[region][series]


def read_prices(path: Path | None = None) -> Prices:
    """Read a price table.

    Parameters
    ----------
    path
        A custom table; None for the table of the package.

    Raises
    ------
    EpyflowError
        Naming the file and every key that is wrong.
    """
    return _shipped() if path is None else _checked(read_yaml(path), str(path))


@cache
def _shipped() -> Prices:
    with as_file(files("epyflow.operations.cost") / "prices.yaml") as path:
        return _checked(read_yaml(path), path.name)


def _checked(content: Any, name: str) -> Prices:
    if not isinstance(content, Mapping):
        raise EpyflowError(f"{name}: expected keys and values, as in the table of the package")
    try:
        return Prices.model_validate(content)
    except ValidationError as error:
        lines = [f"{name}: {dotted(e['loc'])}: {e['msg']}" for e in error.errors()]
    raise EpyflowError("\n".join(lines))
