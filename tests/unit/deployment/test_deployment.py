"""What the container and the unit promise: no root, nothing writable but the data, and time to finish."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.delivery.worker import FINISH

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
LONGEST_STOP = 10


def compose(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker" / name).read_text())
    return found


def test_the_image_runs_as_nobody_and_says_how_it_is() -> None:
    final = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert re.search(r"^FROM python:3\.\d+-slim-trixie$", final, re.MULTILINE)
    assert re.search(r"^USER 1000:1000$", final, re.MULTILINE)
    assert final.index("USER ") < final.index("ENTRYPOINT ")
    assert "HEALTHCHECK " in final
    assert "/healthz" in final
    assert 'ENTRYPOINT ["baraza"]' in final  # the first process, not a shell that keeps SIGTERM to itself
    ignored = (ROOT / "docker/Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in ignored  # and so neither data nor secrets
    assert not [line for line in ignored if line.startswith("!") and ("config" in line or "data" in line)]


def test_nothing_that_everybody_may_write_to_comes_into_the_image() -> None:
    build = DOCKERFILE[: DOCKERFILE.rindex("\nFROM ")]
    last = build[build.rindex("uv sync ") :]
    assert "rm /opt/baraza/.lock" in last  # uv makes it with mode 666


@pytest.mark.skipif(shutil.which("hadolint", path=ROOT / ".venv/bin") is None, reason="not made for this machine")
def test_the_dockerfile_is_linted() -> None:
    done = subprocess.run(
        [ROOT / ".venv/bin/hadolint", ROOT / "docker/Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_container_can_write_its_data_alone() -> None:
    service = compose("compose.yaml")["services"]["baraza"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    config, data = service["volumes"]
    assert data == "data:/data"
    assert config["read_only"] is True
    assert config["bind"] == {"create_host_path": False}  # else a file that was forgotten becomes a folder of root
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert int(service["stop_grace_period"].removesuffix("s")) > LONGEST_STOP
    assert "environment" not in service  # no secret where `docker inspect` shows it


def test_the_one_with_postgresql_adds_to_the_first() -> None:
    first, second = compose("compose.yaml"), compose("compose.postgres.yaml")
    assert second["services"]["baraza"].keys() == {"build", "depends_on", "secrets"}
    (argument,) = second["services"]["baraza"]["build"]["args"]
    assert f"\nARG {argument}=" in DOCKERFILE
    postgres = second["services"]["postgres"]
    version, _, debian = postgres["image"].removeprefix("postgres:").partition("-")
    assert second["services"]["baraza"]["build"]["args"][argument].rpartition("-")[2] == version
    assert debian  # "17" alone moves on to the next one
    assert f"-slim-{debian}\n" in DOCKERFILE
    assert postgres["logging"] == first["services"]["baraza"]["logging"]
    assert "ports" not in postgres  # nobody but Baraza reaches it
    assert postgres["environment"]["POSTGRES_PASSWORD_FILE"].startswith("/run/secrets/")
    assert "POSTGRES_PASSWORD" not in postgres["environment"]
    assert postgres["healthcheck"]["test"][0] == "CMD"
    assert "log_error_verbosity=terse" in postgres["command"]  # no row of a table in a log
    named = {*first["secrets"], *second["secrets"]}
    for service in [*first["services"].values(), *second["services"].values()]:
        assert set(service.get("secrets", ())) <= named
    assert {"postgres"} == set(second["volumes"])


def test_the_role_of_the_bridge_is_no_superuser() -> None:
    found = compose("compose.postgres.yaml")
    postgres = found["services"]["postgres"]
    assert "POSTGRES_USER" not in postgres["environment"]  # who that is is the superuser
    (script,) = postgres["configs"]
    assert script["target"].startswith("/docker-entrypoint-initdb.d/")
    assert script["target"].endswith(".sql")
    lines = found["configs"][script["source"]]["content"].splitlines()
    assert lines == [
        r"\getenv password POSTGRES_PASSWORD",  # read by root: the secret is no file of PostgreSQL's user
        "CREATE ROLE baraza LOGIN PASSWORD :'password';",
        "ALTER DATABASE baraza OWNER TO baraza;",
        "ALTER ROLE postgres PASSWORD NULL;",  # else it would be the same one
    ]
    former = (ROOT / "docker/postgres-former.sql").read_text().splitlines()
    assert {*lines[2:]} <= {*former}
    assert former.index("BEGIN;") < former.index(lines[2]) < former.index("COMMIT;")


def test_kannel_can_read_its_configuration_and_repeats_no_sms() -> None:
    dockerfile = (ROOT / "docker/Kannel.Dockerfile").read_text()
    service = compose("compose.kannel.yaml")["services"]["kannel"]
    assert service["logging"] == compose("compose.yaml")["services"]["baraza"]["logging"]
    config, _ = service["volumes"]
    assert config["bind"] == {"create_host_path": False}
    user = re.search(r"^USER (\d+)$", dockerfile, re.MULTILINE)
    assert user is not None
    assert f"sudo chown {user[1]} config/kannel.conf" in (ROOT / "docker/compose.kannel.yaml").read_text()
    example = (ROOT / "config/kannel.example.conf").read_text()
    assert {*re.findall(r"^log-level = (\d)$", example, re.MULTILINE)} == {"2"}  # 1 repeats every SMS
    assert len(re.findall(r"box -v 2 /etc", dockerfile)) == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("fails", ["bearerbox", "smsbox"])
def test_the_container_of_kannel_ends_with_either_of_its_programs(tmp_path: Path, fails: str) -> None:
    command = re.search(r"^CMD (\[.*\])$", (ROOT / "docker/Kannel.Dockerfile").read_text(), re.MULTILINE)
    assert command is not None
    shell, option, script = json.loads(command[1])
    for name in ("bearerbox", "smsbox"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n" + ("exit 1\n" if name == fails else "exec sleep 60\n"))
        program.chmod(0o755)
    if fails == "smsbox":  # the other one listens
        script = script.replace("(echo > /dev/tcp/127.0.0.1/13001)", "true")
    done = subprocess.run(
        [shell, option, script], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, timeout=20, check=False
    )
    assert done.returncode == 1


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (ROOT / "config/baraza.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_is_shut_in() -> None:
    said = unit()
    for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID"):
        assert said[key] == ["yes"], key
    assert said["User"] == ["baraza"]
    assert said["ProtectSystem"] == ["strict"]
    assert said["CapabilityBoundingSet"] == [""]
    assert "ReadWritePaths" not in said
    assert said["UMask"] == ["0077"]
    assert int(said["TimeoutStopSec"][0]) > LONGEST_STOP > FINISH
    assert said["RestartPreventExitStatus"] == ["2"]
    # Pictures are opened in a process that limits itself (setrlimit).
    assert said["SystemCallFilter"] == ["@system-service", "~@privileged"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_understood_by_systemd(tmp_path: Path) -> None:
    """With a program that exists in the place of ours: it is not installed here."""
    text = (ROOT / "config/baraza.service").read_text().replace("/opt/baraza/.venv/bin/baraza", "/bin/true")
    (tmp_path / "baraza.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / "baraza.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "baraza.service" in line]
    assert said == []


def test_the_example_in_the_compose_file_is_what_it_says() -> None:
    text = (ROOT / "docker/compose.yaml").read_text()
    example = re.search(r"^#      \[bridge\]\n(?:^#      .*\n)+?(?=^# 2)", text, re.MULTILINE)
    assert example is not None
    found = tomllib.loads(re.sub(r"^# *", "", example[0], flags=re.MULTILINE))
    (network,) = compose("compose.yaml")["networks"]["default"]["ipam"]["config"]
    assert found["web"]["trusted_proxies"] == [network["gateway"]]
    assert found["bridge"]["database"].startswith("sqlite:///data/")
    secrets = {f"file:/run/secrets/{name}" for name in compose("compose.yaml")["secrets"]}
    assert {*found["accounts"]["telegram"].values(), *found["accounts"]["matrix"].values()} == secrets


def test_the_probe_asks_at_the_port_of_the_config(tmp_path: Path) -> None:
    command = re.search(r"HEALTHCHECK [^\[]*(\[.*?\])\nENTRYPOINT", DOCKERFILE, re.DOTALL)
    assert command is not None
    _, option, script = json.loads(command[1].replace("\\\n", ""))
    script = script.replace("web.urlopen(", "print(").replace(", timeout=4)", ")")
    config = tmp_path / "baraza.toml"
    for text, port in (('[web]\nlisten = "0.0.0.0:9123"\n', 9123), ("", 8080)):
        config.write_text(text)
        done = subprocess.run(
            [sys.executable, option, script],
            env={"BARAZA_CONFIG": str(config)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"http://127.0.0.1:{port}/healthz\n"
