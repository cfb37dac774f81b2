"""What a process tells Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.rest import Rest


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """The samples of one scrape."""

    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        """Return one sample; what was never counted is 0."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def has(self, name: str) -> bool:
        """Tell whether there is any sample of this name."""
        return any(each == name for each, _ in self.samples)


async def scrape(rest: Rest, url: str) -> Scrape:
    """Ask a metrics port; its address is not the gateway's."""
    async with rest.session.get(url) as response:
        assert response.status == 200, url
        text = await response.text()
    return Scrape(
        samples={
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )
