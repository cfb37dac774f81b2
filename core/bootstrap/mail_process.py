"""The process that hands mail to the mail server: `python -m core send-mail`."""

import asyncio
import random

import structlog

from core.bootstrap.database_kind import require_fitting
from core.bootstrap.foundation import (
    Foundation,
    postgres_options,
    read_secrets,
    tell_metrics,
)
from core.bootstrap.postgres_logins import service_login
from core.bootstrap.smtp_login import followed_login, no_login
from core.bootstrap.startup import Startup
from core.bootstrap.use_cases import one_time_tokens
from core.config.loading import ConfigurationRefused
from core.config.settings import MailSettings
from core.domain.backoff import BackoffPolicy
from core.domain.ports.crypto import OneTimeTokenMint
from core.domain.ports.mail import MailQueue, MailTransport
from core.mail.backlog_watch import watch_backlog
from core.mail.composition import Sender
from core.mail.letters import Letters
from core.mail.sender import MailSender, SenderPolicy
from core.mail.smtp import LoginSource, SmtpOptions, SmtpSecurity, SmtpTransport
from core.observability.mail_metrics import MailMetrics
from core.observability.standard_gauges import watch_postgres_pool
from core.postgres.mail_queue import PostgresMailQueue
from core.postgres.pool import Pool
from core.postgres.pooled_database import PooledDatabase
from core.vault.refresher import SecretRefresher
from core.vault.source import SecretSource

_CLAIM_MARGIN_SECONDS = 30.0
"""How much longer a mail is kept from other senders than one attempt at it can take."""

_log = structlog.get_logger(__name__)


async def send_mail(foundation: Foundation, stopping: asyncio.Event) -> None:
    """Start, send until `stopping` is set, and end. The mail server may be away all the time.

    Raises:
        StartFailed: a step of the start failed; what had started has been taken down.
    """
    settings = foundation.settings.mail
    async with Startup() as startup:
        vault, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        login = await startup.step("read the login to the mail server", _login(foundation, vault))
        pool = await startup.step("connect PostgreSQL", _open_pool(startup, foundation, secrets))
        await startup.step(
            "open the metrics port", tell_metrics(startup, foundation, port=settings.metrics_port)
        )
        transport = await startup.step("prepare TLS", _transport(foundation, login))
        queue, metrics = PostgresMailQueue(pool), MailMetrics(foundation.registry)
        tokens = one_time_tokens(secrets)
        senders = [
            _sender(foundation, queue=queue, transport=transport, tokens=tokens, metrics=metrics)
            for _ in range(settings.workers)
        ]
        watch = watch_backlog(
            queue,
            metrics,
            foundation.clock,
            interval_seconds=settings.backlog_interval_seconds,
            stopping=stopping,
        )
        _log.info("sending_mail", host=settings.smtp_host, workers=settings.workers)
        await asyncio.gather(watch, *(sender.run(stopping) for sender in senders))
        _log.info("stopping")


def _sender(
    foundation: Foundation,
    *,
    queue: MailQueue,
    transport: MailTransport,
    tokens: OneTimeTokenMint,
    metrics: MailMetrics,
) -> MailSender:
    settings = foundation.settings.mail
    return MailSender(
        queue=queue,
        transport=transport,
        tokens=tokens,
        letters=Letters.load(service=settings.sender_name, link_base_url=settings.link_base_url),
        policy=_policy(settings),
        metrics=metrics,
        clock=foundation.clock,
        random=random.random,
    )


async def _login(foundation: Foundation, vault: SecretSource) -> LoginSource:
    settings = foundation.settings
    if not settings.mail.smtp_authentication:
        return no_login
    return await followed_login(vault, interval_seconds=settings.vault.refresh_interval_seconds)


async def _open_pool(startup: Startup, foundation: Foundation, secrets: SecretRefresher) -> Pool:
    options = postgres_options(foundation.settings.postgres, process="mail")
    login = await service_login(startup, foundation, secrets)
    pool = Pool(options, login.source)
    startup.on_end(pool.close)
    await pool.open()
    await require_fitting(foundation, PooledDatabase(pool))
    login.follow(pool.renew)
    watch_postgres_pool(foundation.live, pool.measures)
    return pool


async def _transport(foundation: Foundation, login: LoginSource) -> SmtpTransport:
    settings = foundation.settings.mail
    options = SmtpOptions(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=SmtpSecurity(settings.smtp_security),
        ca_file=settings.smtp_ca_file,
        step_timeout_seconds=settings.smtp_step_timeout_seconds,
        total_timeout_seconds=settings.smtp_total_timeout_seconds,
    )
    sender = Sender(name=settings.sender_name, address=settings.sender_address)
    try:
        return SmtpTransport(options, login, sender, foundation.clock)
    except OSError as error:
        problem = f"mail.smtp_ca_file cannot be used: {type(error).__name__}"
        raise ConfigurationRefused(problem) from error


def _policy(settings: MailSettings) -> SenderPolicy:
    one_attempt = settings.smtp_total_timeout_seconds + settings.smtp_step_timeout_seconds
    return SenderPolicy(
        poll_interval_seconds=settings.poll_interval_seconds,
        claim_seconds=one_attempt + _CLAIM_MARGIN_SECONDS,
        max_refusals=settings.max_refusals,
        max_age_seconds=settings.max_age_seconds,
        retry=BackoffPolicy(
            initial_seconds=settings.retry_initial_seconds,
            max_seconds=settings.retry_max_seconds,
        ),
    )
