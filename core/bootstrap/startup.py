"""Starting step by step: each is logged, and the first that fails ends the start with one line."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, TypeVar

import structlog

from core.config.loading import ConfigurationRefused
from core.crypto.common_passwords import CommonPasswordsMissing
from core.crypto.digest_file import DigestFileRefused
from core.crypto.key_ring import KeySetRefused
from core.domain.errors import DependencyUnavailable
from core.geo.countries import CountryFileRefused
from core.middleware.access_rule import AccessRuleInvalid
from core.observability.metrics_server import MetricsPortUnavailable
from core.postgres.schema import SchemaBehind, TablesInUse
from core.transport.certificates import CertificateRefused
from core.transport.listening import PortUnavailable
from core.vault.errors import VaultError

T = TypeVar("T")

EXPECTED = (
    AccessRuleInvalid,
    CertificateRefused,
    CommonPasswordsMissing,
    ConfigurationRefused,
    CountryFileRefused,
    DependencyUnavailable,
    DigestFileRefused,
    KeySetRefused,
    MetricsPortUnavailable,
    PortUnavailable,
    SchemaBehind,
    TablesInUse,
    VaultError,
)
"""What an operator can mend; anything else is a defect and is logged with its traceback."""

_log = structlog.get_logger(__name__)


class StartFailed(Exception):
    """A step failed; the message is the one line that says which and why."""


class Startup:
    """Runs the steps of a start, and takes everything down again in reverse order.

    As a context manager it ends what was started, whether the start failed or the process ends.
    """

    def __init__(self) -> None:
        self._undo = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._undo.aclose()

    async def step(self, name: str, work: Awaitable[T]) -> T:
        """Do one step.

        Raises:
            StartFailed: it failed.
        """
        _log.info("startup_step", step=name)
        began = time.monotonic()
        try:
            result = await work
        except EXPECTED as error:
            raise StartFailed(f"{name}: {in_one_line(error)}") from error
        except Exception as error:
            _log.exception("startup_step_failed", step=name)
            raise StartFailed(f"{name}: {type(error).__name__}, see the log") from error
        _log.info("startup_step_done", step=name, seconds=round(time.monotonic() - began, 3))
        return result

    def on_end(self, close: Callable[[], Awaitable[object]]) -> None:
        """Run `close` when the process ends; what was started last ends first."""
        self._undo.push_async_callback(close)


def in_one_line(error: Exception) -> str:
    """Return what an operator needs to know of an error."""
    if not isinstance(error, DependencyUnavailable):
        return " ".join(str(error).split())
    cause = error.__cause__
    detail = error.detail or ("" if cause is None else " ".join(str(cause).split()))
    return f"{error.dependency} is out of reach" + (f" ({detail})" if detail else "")
