"""What a worker tells its supervisor of its numbers."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from supervision.families import Family, Sample


def told_families(registry: CollectorRegistry) -> Sequence[Family]:
    """Read every number of a registry, in the supervisor's form."""
    return [
        Family(
            metric.name,
            metric.type,
            metric.documentation,
            [
                Sample(sample.name, tuple(sample.labels.items()), sample.value)
                for sample in metric.samples
            ],
        )
        for metric in registry.collect()
    ]
