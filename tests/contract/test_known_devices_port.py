"""What every storage of known devices promises."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from core.domain.known_device import Familiarity, SeenDevice
from tests.contract.records import Records
from tests.contract.storage import Storage, store_user

pytestmark = pytest.mark.asyncio

LONG_AGO = timedelta(days=180)
STRANGE = Familiarity(any_device=False, this_device=False, any_country=False, this_country=False)


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Person:
    """Somebody who logs in from one device after the other."""

    def __init__(self, storage: Storage, records: Records, user_id: UUID) -> None:
        self._storage = storage
        self._records = records
        self.id = user_id

    def device(self, name: str, country: str | None = None) -> SeenDevice:
        return SeenDevice(
            user_id=self.id,
            digest=digest(name),
            country=None if country is None else digest(country),
            at=self._records.later(),
        )

    def since(self) -> datetime:
        return self._records.now() - LONG_AGO

    async def logs_in(self, name: str, country: str | None = None) -> None:
        async with self._storage.database.transaction() as unit:
            await unit.users.lock(self.id)
            await unit.known_devices.remember(self.device(name, country), since=self.since())
            await unit.commit()

    async def familiarity(self, name: str, country: str | None = None) -> Familiarity:
        async with self._storage.database.transaction() as unit:
            device = self.device(name, country)
            return await unit.known_devices.familiarity(device, since=self.since())

    async def knows(self, name: str) -> bool:
        async with self._storage.database.reading() as stored:
            return await stored.known_devices.is_known(self.id, digest(name), since=self.since())


async def somebody(storage: Storage, records: Records) -> Person:
    user = await store_user(storage, records.new_user())
    return Person(storage, records, user.id)


async def test_nothing_is_known_at_first(storage: Storage, records: Records) -> None:
    ada = await somebody(storage, records)
    assert await ada.familiarity("phone", "AT") == STRANGE
    assert not await ada.knows("phone")


async def test_a_device_is_known_after_a_login_and_another_one_is_not(
    storage: Storage, records: Records
) -> None:
    ada = await somebody(storage, records)
    await ada.logs_in("phone")
    assert await ada.knows("phone")
    assert not await ada.knows("laptop")
    known, strange = await ada.familiarity("phone"), await ada.familiarity("laptop")
    assert (known.any_device, known.this_device) == (True, True)
    assert (strange.any_device, strange.this_device) == (True, False)


async def test_devices_of_others_say_nothing(storage: Storage, records: Records) -> None:
    ada, eve = await somebody(storage, records), await somebody(storage, records)
    await ada.logs_in("phone", "AT")
    assert not await eve.knows("phone")
    assert await eve.familiarity("phone", "AT") == STRANGE


async def test_somebody_who_does_not_exist_has_no_device(
    storage: Storage, records: Records
) -> None:
    assert not await Person(storage, records, UUID(int=0)).knows("phone")


async def test_countries_are_compared_apart_from_devices(
    storage: Storage, records: Records
) -> None:
    ada = await somebody(storage, records)
    await ada.logs_in("phone")
    assert not (await ada.familiarity("phone", "AT")).any_country
    await ada.logs_in("phone", "AT")
    here, abroad = await ada.familiarity("laptop", "AT"), await ada.familiarity("phone", "JP")
    assert (here.any_country, here.this_country, here.this_device) == (True, True, False)
    assert (abroad.any_country, abroad.this_country, abroad.this_device) == (True, False, True)
    unknown = await ada.familiarity("phone")
    assert (unknown.any_country, unknown.this_country) == (True, False)


async def test_a_login_without_a_country_keeps_the_one_that_was_known(
    storage: Storage, records: Records
) -> None:
    ada = await somebody(storage, records)
    await ada.logs_in("phone", "AT")
    await ada.logs_in("phone")
    assert (await ada.familiarity("laptop", "AT")).this_country


async def test_a_device_is_forgotten_unless_it_is_used(storage: Storage, records: Records) -> None:
    ada = await somebody(storage, records)
    await ada.logs_in("phone", "AT")
    await ada.logs_in("laptop", "DE")
    records.clock.advance(LONG_AGO.total_seconds() - 60)
    await ada.logs_in("laptop", "DE")
    records.clock.advance(120)
    assert not await ada.knows("phone")
    assert await ada.knows("laptop")
    faded = await ada.familiarity("phone", "AT")
    assert faded == replace(STRANGE, any_device=True, any_country=True)


async def test_what_is_forgotten_is_removed_at_the_next_login(
    storage: Storage, records: Records
) -> None:
    ada = await somebody(storage, records)
    await ada.logs_in("phone")
    records.clock.advance(LONG_AGO.total_seconds() + 60)
    await ada.logs_in("laptop")
    async with storage.database.reading() as stored:
        always = datetime(1970, 1, 1, tzinfo=records.now().tzinfo)
        assert not await stored.known_devices.is_known(ada.id, digest("phone"), since=always)
        assert await stored.known_devices.is_known(ada.id, digest("laptop"), since=always)
