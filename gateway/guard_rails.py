"""What no environment but dev may do: nothing leaves or enters the process in the clear."""

from collections.abc import Iterator, Mapping
from typing import Final

DEVELOPMENT: Final = "dev"


def refusals(values: Mapping[str, object], names: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each setting that this environment does not allow; dev allows all.

    Values by field of Settings, and under which names they are set.
    """
    environment = values["environment"]
    if environment == DEVELOPMENT:
        return
    end = f"(APP_ENV={environment})"
    if values["tls_certificate_file"] is None:
        yield f"{names['tls_certificate_file']} must be set {end}"
    addresses = str(values["core_address"]).split(",")
    if not all(address.startswith("unix:") for address in addresses):
        for field in ("core_ca_file", "core_certificate_file"):
            if values[field] is None:
                yield f"{names[field]} must be set, or {names['core_address']} be unix:/path {end}"
    if str(values["otlp_endpoint"]).startswith("http://"):
        yield f"{names['otlp_endpoint']} must begin with https:// {end}"
