"""Countries of addresses, where an operator has given a file of them."""

import asyncio

from core.bootstrap.foundation import Foundation
from core.domain.ports.countries import Countries
from core.geo.countries import CountryFile, NoCountries


async def open_countries(foundation: Foundation) -> Countries:
    """Read the file, if there is one.

    Raises:
        CountryFileRefused: it is not what it should be.
    """
    path = foundation.settings.geo.database_file
    if path is None:
        return NoCountries()
    return await asyncio.to_thread(CountryFile.open, path)
