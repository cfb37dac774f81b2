"""Files in MaxMind's format, made by a writer that is not ours."""

from collections.abc import Mapping
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet


def write_countries(path: Path, countries: Mapping[str, str | None]) -> Path:
    """Write a file that says of each network (IPv4 and IPv6) which country it is in.

    Of a network without a country the file has an entry that names none.
    """
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="GeoLite2-Country")
    for network, code in countries.items():
        entry = {"continent": {"code": "EU"}}
        if code is not None:
            entry["country"] = {"iso_code": code, "geoname_id": "1"}
        writer.insert_network(IPSet([network]), entry)
    writer.to_db_file(str(path))
    return path
