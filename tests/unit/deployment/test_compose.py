"""The compose file: that it fits its schema, the settings, the image, and itself."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from clipper_core.settings import Settings
from tests.image import environment_of_the_image, filled_in, in_the_image, instructions

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = filled_in(COMPOSE["services"], {})
OURS = {name: s for name, s in SERVICES.items() if s["image"] == "clipper:local" and "environment" in s}

# Names in the compose file that are not settings of Clipper, and who reads them.
READ_BY_OTHERS = {
    "web": {"STREAMLIT_SERVER_COOKIE_SECRET": "Streamlit: server.cookieSecret"},
    "postgres": {
        "POSTGRES_USER": "the image: the superuser it makes",
        "POSTGRES_PASSWORD": "the image: that user's password",
        "POSTGRES_DB": "the image: the database it makes",
    },
    "redis": {"REDISCLI_AUTH": "redis-cli: the password, for the health check"},
    "minio": {"MINIO_ROOT_USER": "MinIO: the access key", "MINIO_ROOT_PASSWORD": "MinIO: the secret key"},
}
# Settings that a .env beside the compose file can't change in the containers, and why.
NOT_OFFERED = {
    "CLIPPER_HOST": "set in the image",
    "CLIPPER_PORT": "set in the image; outside, it is the port that is published",
    "CLIPPER_DATA_DIR": "set in the image: the volume",
    "CLIPPER_FFMPEG": "the one in the image",
    "CLIPPER_WORKERS": "for `serve` only; here --scale says how many",
    "S3_REGION": "MinIO's default",
    "S3_PUBLIC_ENDPOINT_URL": "MinIO is not published: recordings go through Clipper",
    "CLIPPER_MEDIA_LINKS": "the same",
    "CLIPPER_LINK_MINUTES": "the same",
    "S3_PATH_STYLE": "found out from the address",
    "AWS_SESSION_TOKEN": "for Amazon only",
}


def names_of_settings() -> dict[str, str]:
    """Every name the environment may use, and the field it sets."""
    names = {}
    for field, about in Settings.model_fields.items():
        choices = getattr(about.validation_alias, "choices", [f"CLIPPER_{field.upper()}"])
        names.update({str(choice): field for choice in choices if str(choice).isupper()})
    return names


def test_the_compose_file_fits_the_published_schema() -> None:
    schema = json.loads((ROOT / "tests" / "schemas" / "compose-spec.json").read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(schema).validate(COMPOSE)


def test_every_service_the_readme_speaks_of_is_there() -> None:
    assert set(SERVICES) >= {"web", "api", "worker", "migrate", "postgres", "redis", "minio"}


# -- names


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_is_one_that_its_reader_knows(name: str) -> None:
    known = set(READ_BY_OTHERS.get(name, {})) | (set(names_of_settings()) if name in OURS else set())

    assert set(SERVICES[name].get("environment", {})) <= known


def test_every_setting_can_be_given_from_outside_or_is_left_out_for_a_reason() -> None:
    fields = names_of_settings()
    offered = {fields[name] for service in OURS.values() for name in service["environment"] if name in fields}
    left_out = {fields[name] for name in NOT_OFFERED}

    assert offered | left_out == set(Settings.model_fields)
    assert not offered & left_out


def test_what_is_offered_keeps_its_name_and_is_empty_where_nobody_gives_it() -> None:
    set_here = {"DATABASE_URL", "REDIS_URL", "CLIPPER_STORAGE_URL", "S3_ENDPOINT_URL", "S3_CREATE_BUCKET"}
    set_here |= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "STREAMLIT_SERVER_COOKIE_SECRET"}
    for name in OURS:
        for variable, value in COMPOSE["services"][name]["environment"].items():
            assert variable in set_here or value == f"${{{variable}:-}}"


@pytest.mark.parametrize("name", OURS)
def test_clipper_accepts_the_settings_of_every_service(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, value)

    settings = Settings(_env_file=None)

    assert settings.database.startswith("postgresql+psycopg://clipper:")
    assert settings.storage_url == "s3://clipper"
    assert settings.s3_create_bucket == (name == "migrate")
    assert settings.openai_api_key is None


def test_a_password_that_is_changed_is_changed_at_both_ends() -> None:
    chosen = {
        "CLIPPER_DB_PASSWORD": "chosen1",
        "CLIPPER_REDIS_PASSWORD": "chosen2",
        "CLIPPER_STORAGE_PASSWORD": "chosen3",
        "CLIPPER_COOKIE_SECRET": "chosen4",
    }

    services = filled_in(COMPOSE["services"], chosen)

    assert "clipper-development" not in json.dumps(services)
    for name in OURS:
        told = services[name]["environment"]
        assert urlsplit(told["DATABASE_URL"]).password == services["postgres"]["environment"]["POSTGRES_PASSWORD"]
        assert urlsplit(told["REDIS_URL"]).password == services["redis"]["environment"]["REDISCLI_AUTH"]
        assert told["AWS_SECRET_ACCESS_KEY"] == services["minio"]["environment"]["MINIO_ROOT_PASSWORD"]
    arguments = services["redis"]["command"]
    assert arguments[arguments.index("--requirepass") + 1] == "chosen2"


def test_the_names_of_user_and_database_are_the_same_at_both_ends() -> None:
    url = urlsplit(OURS["web"]["environment"]["DATABASE_URL"])
    made = SERVICES["postgres"]["environment"]

    assert (url.username, url.path) == (made["POSTGRES_USER"], f"/{made['POSTGRES_DB']}")
    assert OURS["web"]["environment"]["AWS_ACCESS_KEY_ID"] == SERVICES["minio"]["environment"]["MINIO_ROOT_USER"]


def test_a_key_given_for_an_endpoint_reaches_every_process_that_may_use_it() -> None:
    services = filled_in(COMPOSE["services"], {"OPENAI_API_KEY": "sk-x"})

    assert all(services[name]["environment"]["OPENAI_API_KEY"] == "sk-x" for name in OURS)


# -- ports


def listens_on(service: dict[str, Any]) -> set[int]:
    """The ports a service's command names."""
    return {int(number) for number in re.findall(r"(?:port|address)[ =]:?(\d+)(?![\d.])", " ".join(service["command"]))}


def test_what_is_published_is_what_is_listened_on() -> None:
    assert listens_on(SERVICES["web"]) == {8501}
    assert listens_on(SERVICES["api"]) == {8000}
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert int(port.rsplit(":", 1)[1]) in listens_on(service)


def test_every_published_port_is_on_this_computer_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert published == ["127.0.0.1:8501:8501", "127.0.0.1:8000:8000", "127.0.0.1:9001:9001"]


def test_neither_database_nor_queue_nor_files_are_published() -> None:
    assert "ports" not in SERVICES["postgres"]
    assert "ports" not in SERVICES["redis"]
    assert not any(port.endswith(":9000") for port in SERVICES["minio"]["ports"])


@pytest.mark.parametrize(
    ("variable", "service"), [("DATABASE_URL", "postgres"), ("REDIS_URL", "redis"), ("S3_ENDPOINT_URL", "minio")]
)
def test_every_address_names_a_service_and_the_port_it_has(variable: str, service: str) -> None:
    url = urlsplit(OURS["web"]["environment"][variable])
    about = SERVICES[service]
    health = " ".join(about["healthcheck"]["test"])

    assert url.hostname == service
    assert url.port in (listens_on(about) if "command" in about else {5432})
    assert service == "minio" or re.search(rf"(--port=|-p ){url.port}\b", health)


@pytest.mark.parametrize("name", ["web", "api"])
def test_a_health_check_asks_at_the_port_that_is_listened_on(name: str) -> None:
    check = SERVICES[name]["healthcheck"]["test"][-1]

    assert {int(number) for number in re.findall(r"'127.0.0.1', (\d+)", check)} == listens_on(SERVICES[name])


def test_a_health_check_waits_longer_than_the_health_route_may_take() -> None:
    from clipper_core.services.server.health import MAX_PART_S

    for name in ("web", "api"):
        inside = int(re.findall(r"timeout=(\d+)", SERVICES[name]["healthcheck"]["test"][-1])[0])
        outside = int(SERVICES[name]["healthcheck"]["timeout"].removesuffix("s"))
        assert MAX_PART_S < inside < outside


# -- order


def test_who_is_waited_for_says_when_it_is_ready() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"]
            else:
                assert how["condition"] == "service_completed_successfully"
                assert SERVICES[other]["restart"] == "no"


def test_everything_of_ours_waits_for_the_tables_and_for_what_it_talks_to() -> None:
    for name in ("web", "api", "worker"):
        needed = SERVICES[name]["depends_on"]
        assert needed["migrate"]["condition"] == "service_completed_successfully"
        assert {"postgres", "redis", "minio"} <= set(needed)
    assert {"postgres", "minio"} <= set(SERVICES["migrate"]["depends_on"])


def test_what_should_run_is_started_again_and_has_a_health_check() -> None:
    running = {name: s for name, s in SERVICES.items() if s["restart"] != "no"}

    assert set(SERVICES) - set(running) == {"migrate", "minio-volume"}
    assert all(s["restart"] == "unless-stopped" and "healthcheck" in s for s in running.values())
    assert all("stop_grace_period" in s for s in running.values())


# -- rights


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_runs_as_root_or_can_become_it(name: str) -> None:
    service = SERVICES[name]

    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_log_can_fill_the_disk(name: str) -> None:
    assert set(SERVICES[name]["logging"]["options"]) == {"max-size", "max-file"}


def test_our_processes_write_to_their_volume_alone_and_share_it() -> None:
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["volumes"] == ["data:/data"]
        assert service["tmpfs"] == ["/tmp"]
        assert "CLIPPER_DATA_DIR" not in service["environment"]
    assert environment_of_the_image()["CLIPPER_DATA_DIR"] == "/data"


def test_workers_can_be_scaled() -> None:
    assert "container_name" not in SERVICES["worker"]
    assert "ports" not in SERVICES["worker"]
    assert "hostname" not in SERVICES["worker"]


# -- files


def test_volumes_are_named_ones_so_that_every_shell_on_every_system_will_do() -> None:
    used = set()
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            used.add(volume["source"] if isinstance(volume, dict) else volume.split(":")[0])

    assert used == set(COMPOSE["volumes"])
    assert "PWD" not in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Dockerfile", "docker-compose.yml", ".dockerignore", ".gitattributes", ".ci/run"])
def test_lines_end_as_containers_need_it_wherever_it_was_cloned(name: str) -> None:
    assert b"\r" not in (ROOT / name).read_bytes()
    if (ROOT / ".git").exists():
        said = subprocess.run(
            ["git", "check-attr", "eol", name], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        assert said.strip() == f"{name}: eol: lf"


def test_every_image_is_pinned_and_ours_is_built_once() -> None:
    images = {s["image"] for s in SERVICES.values()}
    foreign = images - {"clipper:local"}

    assert all(re.search(r":[A-Za-z.]*\d[\w.-]+\d", image) and "latest" not in image for image in foreign)
    assert [name for name, s in SERVICES.items() if "build" in s] == ["migrate"]
    assert all(s["pull_policy"] == "never" for s in SERVICES.values() if s["image"] == "clipper:local")
    assert SERVICES["migrate"]["build"] == "."


def test_every_command_is_a_list_of_words_so_that_signals_arrive() -> None:
    for name, service in SERVICES.items():
        if "command" in service:
            assert isinstance(service["command"], list), name
            assert service["command"][0] not in ("sh", "bash")
    assert all(one.rest.startswith("[") for one in instructions() if one.word in ("CMD", "ENTRYPOINT"))


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_ours_starts_something_that_is_there(name: str) -> None:
    command = SERVICES[name]["command"]
    assert command[0] == "python"

    files = [word for word in command if word.endswith(".py")]
    assert all((ROOT / file).is_file() and file in in_the_image() for file in files)
    if command[1] == "-m":
        assert importlib.util.find_spec(command[2]) is not None
    for word in command:
        if re.fullmatch(r"[\w.]+:\w+", word):
            module, attribute = word.split(":")
            assert hasattr(importlib.import_module(module), attribute)


def test_migrate_is_a_command_of_the_command_line() -> None:
    command = [sys.executable, *SERVICES["migrate"]["command"][1:], "--help"]

    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60).returncode == 0


# -- the image


def test_the_image_alone_and_the_pages_service_are_asked_the_same_question() -> None:
    asked = next(one.rest for one in instructions() if one.word == "HEALTHCHECK")
    options, _, command = asked.partition("CMD ")
    check = SERVICES["web"]["healthcheck"]

    assert json.loads(command) == check["test"][1:]
    for name in ("interval", "timeout", "start_period", "retries"):
        assert f"--{name.replace('_', '-')}={check[name]}" in options


def test_the_ports_of_the_image_are_those_of_the_services() -> None:
    exposed = {int(word) for one in instructions() if one.word == "EXPOSE" for word in one.words}

    assert exposed == listens_on(SERVICES["web"]) | listens_on(SERVICES["api"])
    assert int(environment_of_the_image()["CLIPPER_PORT"]) in exposed


def test_a_changed_port_changes_only_where_the_pages_are_published() -> None:
    services = filled_in(COMPOSE["services"], {"CLIPPER_PORT": "9999"})

    assert services["web"]["ports"] == ["127.0.0.1:9999:8501"]
    assert listens_on(services["web"]) == {8501}


def test_the_user_of_the_image_is_the_user_of_its_services() -> None:
    user = next(one.rest for one in instructions() if one.word == "USER")

    assert {service["user"] for service in SERVICES.values() if service["image"] == "clipper:local"} == {user}
