"""Countries of addresses, from a file in MaxMind's format."""

from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from core.geo.countries import CountryFile, CountryFileRefused, NoCountries
from tests.unit.geo.country_files import write_countries


@pytest.fixture
def countries(tmp_path: Path) -> CountryFile:
    path = write_countries(
        tmp_path / "countries.mmdb",
        {"192.0.2.0/24": "AT", "2001:db8::/32": "JP", "198.51.100.0/24": None},
    )
    return CountryFile.open(path)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("192.0.2.1", "AT"),
        ("192.0.2.255", "AT"),
        ("2001:db8::5", "JP"),
        ("198.51.100.1", None),
        ("203.0.113.1", None),
        ("2001:db9::1", None),
        ("no address", None),
        ("", None),
    ],
)
def test_an_address_is_in_the_country_that_the_file_says(
    countries: CountryFile, address: str, code: str | None
) -> None:
    assert countries.country_of(address) == code


def test_where_the_place_is_not_known_the_network_s_owner_counts(tmp_path: Path) -> None:
    writer = MMDBWriter(ip_version=4)
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"registered_country": {"iso_code": "CH"}})
    writer.to_db_file(str(tmp_path / "owners.mmdb"))
    assert CountryFile.open(tmp_path / "owners.mmdb").country_of("192.0.2.1") == "CH"


def test_a_file_of_another_kind_knows_no_countries(tmp_path: Path) -> None:
    writer = MMDBWriter(ip_version=4)
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"autonomous_system_number": "64496"})
    writer.insert_network(IPSet(["198.51.100.0/24"]), {"country": "AT"})
    writer.to_db_file(str(tmp_path / "systems.mmdb"))
    countries = CountryFile.open(tmp_path / "systems.mmdb")
    assert countries.country_of("192.0.2.1") is None
    assert countries.country_of("198.51.100.1") is None


def test_an_ipv6_address_in_a_file_of_ipv4_is_not_known(tmp_path: Path) -> None:
    writer = MMDBWriter(ip_version=4)
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"country": {"iso_code": "AT"}})
    writer.to_db_file(str(tmp_path / "four.mmdb"))
    assert CountryFile.open(tmp_path / "four.mmdb").country_of("2001:db8::1") is None


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.mmdb"
    garbage.write_bytes(b"no database" * 100)
    for path in (garbage, tmp_path / "nowhere.mmdb", tmp_path):
        with pytest.raises(CountryFileRefused, match="country file cannot be read"):
            CountryFile.open(path)


def test_a_file_that_was_cut_off_is_refused_or_knows_nothing(tmp_path: Path) -> None:
    path = write_countries(tmp_path / "whole.mmdb", {"192.0.2.0/24": "AT"})
    whole = path.read_bytes()
    cut = tmp_path / "cut.mmdb"
    for length in range(0, len(whole), 7):
        cut.write_bytes(whole[:length])
        try:
            assert CountryFile.open(cut).country_of("192.0.2.1") in {None, "AT"}
        except CountryFileRefused:
            continue


def test_the_file_may_be_replaced_while_it_is_used(tmp_path: Path) -> None:
    path = write_countries(tmp_path / "countries.mmdb", {"192.0.2.0/24": "AT"})
    countries = CountryFile.open(path)
    path.write_bytes(b"")
    assert countries.country_of("192.0.2.1") == "AT"


def test_without_a_file_nothing_is_known() -> None:
    assert NoCountries().country_of("192.0.2.1") is None
