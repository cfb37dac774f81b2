"""SIGUSR2 has a running process write where its time goes, and harms none that does not profile."""

import os
import signal
from pathlib import Path

import pytest

from devstack.readiness import http_ok
from devstack.service_environment import RELAY_METRICS_PORT
from tests.e2e.site import Site


@pytest.mark.parametrize("is_on", [True, False])
def test_a_relay_profiles_itself_at_a_signal_where_a_folder_is_set(
    site: Site, tmp_path: Path, *, is_on: bool
) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    settings = {"PANDORA_TELEMETRY__PROFILE_SECONDS": "0.3"}
    if is_on:
        settings["PANDORA_TELEMETRY__PROFILE_FOLDER"] = str(folder)
    relay = site.start("core", "relay", **settings)
    relay.wait_until(lambda: http_ok(site.metrics_url(RELAY_METRICS_PORT)))
    os.kill(relay.pid, signal.SIGUSR2)
    awaited = "profile_written" if is_on else "profiling_is_off"
    relay.wait_until(lambda: awaited in relay.stdout)
    relay.stop()
    profiles = list(folder.glob("pandora-user-*.collapsed"))
    assert len(profiles) == is_on
    if is_on:
        assert "MainThread;" in profiles[0].read_text()
