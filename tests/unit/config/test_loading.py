"""Settings come from one file and the environment, and nothing wrong with them goes unsaid."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from core.config.keys import catalogue
from core.config.loading import ConfigurationRefused, load
from core.config.settings import Environment, Settings

ENOUGH = """
postgres: {host: db}
redis: {host: cache}
vault: {address: "https://vault:8200"}
tokens: {issuer: "https://user.test.pandora.exchange"}
mail:
  smtp_host: smtp
  sender_address: no-reply@test.pandora.exchange
  link_base_url: https://app.test.pandora.exchange
"""


class Directory:
    """A folder of YAML files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, text: str = ENOUGH, **environ: str) -> Settings:
        (self.folder / "dev.yaml").write_text(text, encoding="utf-8")
        return load({"APP_ENV": "dev", **environ}, self.folder)

    def problems(self, text: str = ENOUGH, **environ: str) -> tuple[str, ...]:
        with pytest.raises(ConfigurationRefused) as refusal:
            self.load(text, **environ)
        return refusal.value.problems


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


@pytest.mark.parametrize("environment", Environment)
def test_the_settings_of_every_environment_hold(environment: Environment) -> None:
    settings = load({"APP_ENV": environment.value})
    assert settings.environment is environment


def test_a_password_needs_fifteen_characters_everywhere_but_in_dev() -> None:
    lengths = {name: load({"APP_ENV": name}).passwords.min_length for name in Environment}
    assert lengths == {"dev": 8, "sandbox": 15, "audit": 15, "prod": 15}


def test_no_two_environments_accept_each_others_tokens() -> None:
    assert len({load({"APP_ENV": name}).tokens.issuer for name in Environment}) == 4


def test_mail_goes_through_tls_everywhere_but_in_dev() -> None:
    security = {name: load({"APP_ENV": name}).mail.smtp_security for name in Environment}
    starttls = dict.fromkeys(("sandbox", "audit", "prod"), "starttls")
    assert security == {"dev": "none", **starttls}


def test_no_environment_answers_neutrally_unless_it_is_told_to() -> None:
    assert not any(load({"APP_ENV": name}).accounts.neutral_registration for name in Environment)


def test_only_dev_and_sandbox_show_the_map_of_the_house() -> None:
    assert [name for name in Environment if load({"APP_ENV": name}).core.reflection] == [
        "dev",
        "sandbox",
    ]


@pytest.mark.parametrize("name", ["", "DEV", "production", "dev ", "dev\n", "../dev"])
def test_another_environment_stops_the_start(name: str) -> None:
    with pytest.raises(ConfigurationRefused) as refusal:
        load({"APP_ENV": name})
    (problem,) = refusal.value.problems
    assert problem.startswith("APP_ENV must be one of dev, sandbox, audit, prod; it is ")
    assert "\n" not in str(refusal.value)


def test_no_environment_stops_the_start() -> None:
    with pytest.raises(ConfigurationRefused, match="APP_ENV is not set"):
        load({})


def test_yaml_lies_over_defaults_and_the_environment_over_yaml(directory: Directory) -> None:
    text = ENOUGH + "core: {port: 6000, metrics_port: 6001}"
    settings = directory.load(text, PANDORA_CORE__PORT="7000")
    assert (settings.core.port, settings.core.metrics_port) == (7000, 6001)
    assert settings.postgres.pool_max_size == 10
    assert settings.sources["core.port"] == "environment"
    assert settings.sources["core.metrics_port"] == "yaml"
    assert "postgres.pool_max_size" not in settings.sources


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("PANDORA_CORE__PORT", "0", "core.port", 0),
        ("PANDORA_CORE__REFLECTION", "true", "core.reflection", True),
        ("PANDORA_CORE__REFLECTION", "false", "core.reflection", False),
        ("PANDORA_CORE__SHUTDOWN_GRACE_SECONDS", "2.5", "core.shutdown_grace_seconds", 2.5),
        ("PANDORA_CORE__SHUTDOWN_GRACE_SECONDS", "3", "core.shutdown_grace_seconds", 3.0),
        (
            "PANDORA_CORE__TRUSTED_PEERS",
            "10.0.0.0/8, ::1/128,unix:",
            "core.trusted_peers",
            ("10.0.0.0/8", "::1/128", "unix:"),
        ),
        ("PANDORA_CORE__TRUSTED_PEERS", "", "core.trusted_peers", ()),
        ("PANDORA_TELEMETRY__OTLP_ENDPOINT", "http://c:4317", "telemetry.otlp_endpoint", None),
        ("PANDORA_TELEMETRY__OTLP_ENDPOINT", "", "telemetry.otlp_endpoint", None),
        ("PANDORA_TELEMETRY__LOG_LEVEL", "debug", "telemetry.log_level", "debug"),
        ("CORE_PORT", "7000", "core.port", 7000),
    ],
)
def test_the_environment_is_read_by_the_type_of_the_setting(
    directory: Directory, variable: str, text: str, path: str, value: object
) -> None:
    section, _, name = path.partition(".")
    found = getattr(getattr(directory.load(**{variable: text}), section), name)
    expected = text if variable.endswith("ENDPOINT") and text else value
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PANDORA_CORE__PORT", "http"),
        ("PANDORA_CORE__PORT", ""),
        ("PANDORA_CORE__PORT", "65536"),
        ("PANDORA_CORE__PORT", "-1"),
        ("PANDORA_CORE__PORT", "5e4"),
        ("PANDORA_CORE__PORT", "50051.0"),
        ("PANDORA_CORE__PORT", "5_0051"),
        ("PANDORA_CORE__PORT", "\u0665\u0660"),
        ("PANDORA_CORE__PORT", "9" * 5000),
        ("PANDORA_POSTGRES__PORT", "0"),
        ("PANDORA_CORE__REFLECTION", "yes"),
        ("PANDORA_CORE__REFLECTION", "True"),
        ("PANDORA_CORE__TRUSTED_PEERS", "10.0.0.1/8"),
        ("PANDORA_CORE__TRUSTED_PEERS", "everyone"),
        ("PANDORA_TELEMETRY__SAMPLING_RATIO", "1.1"),
        ("PANDORA_TELEMETRY__SAMPLING_RATIO", "nan"),
        ("PANDORA_TELEMETRY__LOG_LEVEL", "INFO"),
        ("PANDORA_POSTGRES__HOST", "db:5432"),
        ("PANDORA_POSTGRES__HOST", "db/other"),
        ("PANDORA_VAULT__PREFIX", "/pandora"),
        ("PANDORA_VAULT__PREFIX", "pandora/../root"),
        ("PANDORA_PASSWORDS__MIN_LENGTH", "7"),
    ],
)
def test_a_value_of_another_type_or_out_of_bounds_is_named_and_not_repeated(
    directory: Directory, variable: str, text: str
) -> None:
    (problem,) = directory.problems(**{variable: text})
    assert problem.startswith(f"{variable} must ")
    assert len(text) < 3 or text not in problem


@pytest.mark.parametrize(
    "value",
    [
        '"50051"',
        "true",
        "50051.0",
        "null",
        "[50051]",
        "1" + "0" * 400,
    ],
)
def test_yaml_has_to_have_the_right_type_itself(directory: Directory, value: str) -> None:
    (problem,) = directory.problems(ENOUGH + f"core: {{port: {value}}}")
    assert problem.startswith("core.port in dev.yaml must ")


def test_a_number_too_large_for_any_machine_is_refused(directory: Directory) -> None:
    huge = "1" + "0" * 400
    (problem,) = directory.problems(ENOUGH + f"core: {{shutdown_grace_seconds: {huge}}}")
    assert problem == "core.shutdown_grace_seconds in dev.yaml must be a number"


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@vault:8200",
        "https://hunter2@vault",
        "https://vault/?token=hunter2",
        "https://vault/#hunter2",
        "https://",
        "https:/vault",
        "vault:8200",
        "ftp://vault",
        "https://vault:port",
        "https://vault:0",
        "https://[vault",
    ],
)
def test_a_url_has_no_place_for_a_secret(directory: Directory, url: str) -> None:
    (problem,) = directory.problems(PANDORA_VAULT__ADDRESS=url)
    assert problem.startswith("PANDORA_VAULT__ADDRESS must be a URL")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("text", "environ", "problem"),
    [
        (ENOUGH + "cors: {a: 1}", {}, "dev.yaml: there is no section cors"),
        (ENOUGH + "core: {prot: 1}", {}, "dev.yaml: there is no setting core.prot"),
        (
            ENOUGH,
            {"PANDORA_CORE__PROT": "1"},
            "environment: there is no setting PANDORA_CORE__PROT",
        ),
        (
            ENOUGH,
            {"PANDORA_POSTGRES__PASSWORD": "hunter2"},
            "environment: there is no setting PANDORA_POSTGRES__PASSWORD",
        ),
        (ENOUGH, {"PANDORA_CORS__A": "1"}, "environment: there is no setting PANDORA_CORS__A"),
        (
            ENOUGH,
            {"PANDORA_core__port": "1"},
            "environment: there is no setting PANDORA_core__port",
        ),
        (ENOUGH, {"PANDORA___": "1"}, "environment: there is no setting PANDORA___"),
    ],
)
def test_what_does_not_exist_is_named(
    directory: Directory, text: str, environ: Mapping[str, str], problem: str
) -> None:
    assert directory.problems(text, **environ) == (problem,)


def test_variables_of_others_are_left_alone(directory: Directory) -> None:
    directory.load(
        PANDORA_GATEWAY__CORE_ADDRESS="127.0.0.1:50051",
        PANDORA_CORE_PORT="tcp://10.0.0.1:50051",
        PANDORA_CORE_SERVICE_HOST="10.0.0.1",
        GATEWAY_PORT="8080",
        PATH="/usr/bin",
    )


def test_two_names_of_one_setting_must_not_contradict_each_other(directory: Directory) -> None:
    assert directory.load(CORE_PORT="7000", PANDORA_CORE__PORT="7000").core.port == 7000
    assert directory.problems(CORE_PORT="7000", PANDORA_CORE__PORT="7001") == (
        "environment: CORE_PORT and PANDORA_CORE__PORT contradict each other",
    )


def test_what_is_set_nowhere_is_named_with_both_ways_to_set_it(directory: Directory) -> None:
    problems = directory.problems("redis: {host: cache}")
    assert problems == (
        "postgres.host is set neither in dev.yaml nor by PANDORA_POSTGRES__HOST",
        "vault.address is set neither in dev.yaml nor by PANDORA_VAULT__ADDRESS",
        "tokens.issuer is set neither in dev.yaml nor by PANDORA_TOKENS__ISSUER",
        "mail.smtp_host is set neither in dev.yaml nor by PANDORA_MAIL__SMTP_HOST",
        "mail.sender_address is set neither in dev.yaml nor by PANDORA_MAIL__SENDER_ADDRESS",
        "mail.link_base_url is set neither in dev.yaml nor by PANDORA_MAIL__LINK_BASE_URL",
    )


def test_everything_that_is_wrong_is_reported_together_in_one_line(directory: Directory) -> None:
    text = ENOUGH + "core: {prot: 1, max_message_bytes: 1}\npostgres: {pool_min_size: 20}"
    text = text.replace("postgres: {host: db}", "")
    with pytest.raises(ConfigurationRefused) as refusal:
        directory.load(text, CORE_PORT="x", PANDORA_REDIS__PASSWORD="hunter2")
    assert refusal.value.problems == (
        "dev.yaml: there is no setting core.prot",
        "environment: there is no setting PANDORA_REDIS__PASSWORD",
        "CORE_PORT must be a whole number",
        "core.max_message_bytes in dev.yaml must lie between 1024 and 16777216",
        "postgres.host is set neither in dev.yaml nor by PANDORA_POSTGRES__HOST",
        "postgres.pool_min_size must not be above postgres.pool_max_size",
    )
    assert str(refusal.value).startswith("configuration refused: dev.yaml: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        (
            {"PANDORA_CORE__DEFAULT_DEADLINE_SECONDS": "90"},
            "core.default_deadline_seconds must not be above core.max_deadline_seconds",
        ),
        (
            {"PANDORA_TOKENS__REFRESH_IDLE_SECONDS": "2592001"},
            "tokens.refresh_idle_seconds must not be above tokens.refresh_absolute_seconds",
        ),
        (
            {"PANDORA_CORE__METRICS_PORT": "50051"},
            "core.port and core.metrics_port must differ",
        ),
        (
            {"PANDORA_MAIL__SMTP_SECURITY": "none"},
            "mail.smtp_authentication needs mail.smtp_security to be starttls or tls",
        ),
        (
            {"PANDORA_MAIL__METRICS_PORT": "9466"},
            "relay.metrics_port and mail.metrics_port must differ",
        ),
        (
            {"PANDORA_VAULT__ROLE_ID_FILE": "role_id"},
            "vault.role_id_file and vault.secret_id_file go together",
        ),
        (
            {"PANDORA_PASSWORDS__MEMORY_KIB": "31", "PANDORA_PASSWORDS__PARALLELISM": "4"},
            "passwords.memory_kib must be at least 8 times passwords.parallelism",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    directory: Directory, environ: Mapping[str, str], problem: str
) -> None:
    assert directory.problems(**environ) == (problem,)


def test_any_free_port_can_be_asked_for_twice(directory: Directory) -> None:
    settings = directory.load(PANDORA_CORE__PORT="0", PANDORA_CORE__METRICS_PORT="0")
    assert settings.core.port == settings.core.metrics_port == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("core: {port: 1}\ncore: {port: 2}", "dev.yaml line 2: a key is written twice"),
        ("core:\n  port: 1\n  port: 2", "dev.yaml line 3: a key is written twice"),
        ("core: {port: [", "dev.yaml line 1: "),
        ("- core", "dev.yaml must hold sections of settings"),
        ("core: 5", "dev.yaml: section core must hold settings"),
        ("core: !!python/object/apply:os.system [id]", "dev.yaml line 1: could not determine"),
        ("? [a, b]\n: 1", "dev.yaml"),
    ],
)
def test_a_file_that_is_no_settings_is_refused(
    directory: Directory, text: str, problem: str
) -> None:
    assert directory.problems(text)[0].startswith(problem)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match=r"dev\.yaml cannot be read: FileNotFoundError"):
        load({"APP_ENV": "dev"}, tmp_path)


def test_an_empty_section_is_no_mistake(directory: Directory) -> None:
    assert directory.load(ENOUGH + "core:\n").core.port == 50051


def test_every_setting_can_be_set_from_the_environment(directory: Directory) -> None:
    for key in catalogue().values():
        section, name = key.section.upper(), key.name.upper()
        assert key.variable == f"PANDORA_{section}__{name}"
        if key.default is not None:
            default = key.default
            words = ",".join(default) if isinstance(default, tuple) else str(default)
            text = words.lower() if isinstance(default, bool) else words
            settings = directory.load(**{key.variable: text})
            assert getattr(getattr(settings, key.section), key.name) == default
