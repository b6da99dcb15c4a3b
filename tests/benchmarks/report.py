"""The tables of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.benchmarks.scenarios import Scenario


@dataclass
class Figures:
    """What a server did in one scenario: a value a round, and all latencies in seconds."""

    per_second: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def latency_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


@dataclass(frozen=True)
class Ratio:
    """A share of the floor's figure in the same round."""

    rounds: Sequence[float]

    @classmethod
    def of(cls, figures: Figures, floor: Figures) -> "Ratio":
        """Of the requests a second."""
        pairs = zip(figures.per_second, floor.per_second, strict=True)
        return cls([own / reference for own, reference in pairs])

    @classmethod
    def by_cpu(cls, figures: Figures, floor: Figures) -> "Ratio":
        """What it would be if the processor were all that is short."""
        pairs = zip(figures.cpu_ms, floor.cpu_ms, strict=True)
        return cls([reference / own for own, reference in pairs])

    @property
    def median(self) -> float:
        return median(self.rounds)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({min(self.rounds):.2f}-{max(self.rounds):.2f})"


def print_report(
    title: str, results: Mapping[Scenario, Mapping[str, Figures]], *, rounds: int
) -> None:
    """One table; `results` has each server's figures by its name, the floor first."""
    table = Table(title=f"{title}, medians of {rounds} interleaved rounds", title_justify="left")
    for heading in ("scenario", "server", "ratio (min-max)", "target"):
        table.add_column(heading, no_wrap=True)
    for heading in ("req/s", "p50 ms", "p99 ms", "CPU ms/req", "by CPU"):
        table.add_column(heading, justify="right", no_wrap=True)
    for scenario, servers in results.items():
        floor = servers["floor"]
        for name, figures in servers.items():
            ratio = Ratio.of(figures, floor)
            table.add_row(
                scenario.name if name == "floor" else "",
                name,
                "1" if name == "floor" else str(ratio),
                _verdict(ratio, scenario.target) if name == "application" else "",
                f"{median(figures.per_second):.0f}",
                f"{figures.latency_ms(0.50):.1f}",
                f"{figures.latency_ms(0.99):.1f}",
                f"{median(figures.cpu_ms):.3f}",
                f"{Ratio.by_cpu(figures, floor).median:.2f}",
                end_section=name == "application",
            )
    Console(width=120).print(table)


def _verdict(ratio: Ratio, target: float) -> str:
    return f">= {target:.2f} " + ("met" if ratio.median >= target else "MISSED")
