"""What the sealer's settings must say before it starts."""

from dataclasses import replace

import pytest

from core.bootstrap.sealer_process import _checkpoint_file
from core.config.loading import ConfigurationRefused, load


async def test_a_sealer_without_a_place_for_checkpoints_does_not_start() -> None:
    settings = load({"APP_ENV": "prod"})
    assert await _checkpoint_file(settings) == settings.audit.checkpoint_file
    lacking = replace(settings, audit=replace(settings.audit, checkpoint_file=None))
    with pytest.raises(ConfigurationRefused, match="checkpoint_file"):
        await _checkpoint_file(lacking)


def test_every_environment_has_a_log_of_its_own() -> None:
    names = ("dev", "sandbox", "audit", "prod")
    assert len({load({"APP_ENV": name}).audit.origin for name in names}) == len(names)
