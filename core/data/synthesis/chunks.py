"""The chunks that a run is made of: each is the same whoever makes it, in whatever process."""

from array import array
from collections.abc import Iterator, Mapping

from core.data.synthesis.chronicle import Chronicle
from core.data.synthesis.curve import microseconds
from core.data.synthesis.lives import Life, live
from core.data.synthesis.people import People, World
from core.data.tables import Row
from core.domain.ports.personal_texts import PersonalTexts


class Chunks:
    """Makes the chunks of a world."""

    def __init__(self, world: World) -> None:
        """Lay out the world once for many chunks."""
        self._world = world
        self._people = People(world)
        self._until = microseconds(world.until)

    def times(self, number: int) -> "array[int]":
        """Return when the audit rows of a chunk happened, in the order in which they are made."""
        return array("q", [event.at for life in self._lives(number) for event in life.events])

    def rows(
        self, number: int, sequences: "array[int]", texts: PersonalTexts
    ) -> Mapping[str, list[Row]]:
        """Return every row of a chunk, table by table."""
        chronicle = Chronicle(self._world, self._people, texts, chunk=number)
        numbers = iter(sequences)
        for life in self._lives(number):
            chronicle.write(life, numbers)
        # An outbox grows with time, and the rows of one person always.
        chronicle.tables["outbox"].sort(key=lambda row: row[5] or "")
        return chronicle.tables

    def people_alone(self, number: int, texts: PersonalTexts) -> Mapping[str, list[Row]]:
        """Return the accounts of a chunk, to which nothing has happened yet."""
        chronicle = Chronicle(self._world, self._people, texts, chunk=number)
        for person in self._people.chunk(number):
            chronicle.people_alone(person)
        return chronicle.tables

    def first_id(self, number: int) -> str:
        """Return the id of the first person of a chunk."""
        return next(self._people.chunk(number)).id

    def _lives(self, number: int) -> Iterator[Life]:
        chance = self._world.chance(number, "lives")
        for person in self._people.chunk(number):
            yield live(person, chance, self._until)
