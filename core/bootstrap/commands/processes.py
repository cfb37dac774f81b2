"""The processes of the core, which run until SIGTERM."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from core.bootstrap.commands.parsing import Commands, add_command
from core.config.settings import Settings


def add_process_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `serve`, `relay`, `consume`, `send-mail`, `seal`, and `health`, which asks after them."""
    add_command(commands, "serve", "serve gRPC until SIGTERM", _serve)
    words = "carry events from the outbox to Redis until SIGTERM"
    add_command(commands, "relay", words, _relay)
    add_command(commands, "consume", "handle events of other services until SIGTERM", _consume)
    add_command(commands, "send-mail", "hand mail to the mail server until SIGTERM", _send_mail)
    add_command(commands, "seal", "seal the audit log until SIGTERM", _seal)
    words = "tell by the exit code whether a process of this machine is well"
    asked = add_command(commands, "health", words, _health)
    asked.add_argument("process", nargs="?", choices=("serve", *METRICS_PORTS), default="serve")


METRICS_PORTS: Final[Mapping[str, Callable[[Settings], int]]] = {
    "relay": lambda settings: settings.relay.metrics_port,
    "consume": lambda settings: settings.consumer.metrics_port,
    "send-mail": lambda settings: settings.mail.metrics_port,
    "seal": lambda settings: settings.audit.metrics_port,
}
"""The port on which each process that serves nobody tells how it is."""


def _health(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.health_probe import is_serving, tells_metrics

    if parsed.process == "serve":
        well = is_serving(settings)
    else:
        well = tells_metrics(settings, METRICS_PORTS[parsed.process](settings))
    if not well:
        sys.stderr.write(f"{parsed.process} does not answer as it should\n")
    return 0 if well else 1


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    from core.config.worker_places import own_settings, worker_count
    from core.crypto.argon2_builds import use_fastest_build
    from supervision.worker import Worker

    worker = Worker.from_environment(os.environ)
    if worker is not None:
        worker.listen()
        settings = replace(settings, core=own_settings(settings.core, worker.number))
    elif worker_count(settings.core.workers) > 1:
        from core.bootstrap.supervisor_process import supervise

        return supervise(settings)
    # Before anything imports argon2, which takes the first build that it finds.
    use_fastest_build(settings.passwords.argon2_builds)

    from core.bootstrap.core_server import serve
    from core.bootstrap.process import run_until_stopped

    return run_until_stopped(settings, serve, worker)


def _relay(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.process import run_until_stopped
    from core.bootstrap.relay_process import relay

    return run_until_stopped(settings, relay)


def _consume(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.consumer_process import consume
    from core.bootstrap.process import run_until_stopped

    return run_until_stopped(settings, consume)


def _send_mail(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.mail_process import send_mail
    from core.bootstrap.process import run_until_stopped

    return run_until_stopped(settings, send_mail)


def _seal(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.process import run_until_stopped
    from core.bootstrap.sealer_process import seal

    return run_until_stopped(settings, seal)
