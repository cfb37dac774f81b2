"""Staff of dev's mock data, whose password whoever develops knows, work nowhere else."""

from core.config.loading import ConfigurationRefused
from core.config.settings import Environment
from core.domain.ports.unit_of_work import Database
from core.service.seed_people import COMPLIANCE, SUPPORT

ADMIN = "admin@pandora.example"
"""Who administers a developer's machine."""

STAFF = (ADMIN, COMPLIANCE.email, SUPPORT.email)


async def require_no_mock_staff(environment: Environment, database: Database) -> None:
    """Return if none of them may log in here; in dev they may.

    Raises:
        ConfigurationRefused: one of them may.
        DependencyUnavailable: the database is out of reach.
    """
    if environment is Environment.DEV:
        return
    async with database.reading() as stored:
        users = [await stored.users.get_by_email(email) for email in STAFF]
    found = [user.email for user in users if user is not None and user.suspended_at is None]
    if found:
        raise ConfigurationRefused(
            f"the database lets in {', '.join(found)} of dev's mock data, whose passwords are"
            f" known; suspend or delete them (APP_ENV={environment.value})"
        )
