"""What is logged, and what is not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared import logs
from shared.settings import Settings


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def settings(**values: object) -> Settings:
    return Settings.model_construct(**values)  # type: ignore[arg-type]


def test_production_logs_json_without_anything_personal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(settings(environment="production"))

    structlog.get_logger().info("turn_ended", words=7, pii_text="my secret words")

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["words"], line["level"]) == ("turn_ended", 7, "info")
    assert not any(key.startswith("pii_") for key in line)


def test_personal_keys_appear_only_where_they_were_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(settings(log_pii=True))

    structlog.get_logger().info("turn_ended", pii_text="my secret words")

    assert "my secret words" in capsys.readouterr().err


def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(log_format="json"))

    def fail() -> None:
        words = "my secret words"
        raise ValueError(len(words))

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("call_failed")

    printed = capsys.readouterr().err
    assert "ValueError" in printed
    assert "my secret words" not in printed


def test_the_standard_librarys_loggers_go_the_same_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(settings(log_format="json"))

    logging.getLogger("some.library").warning("it is %s", "late")
    logging.getLogger("httpx").info("GET https://vendor.example/?number=1")

    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["it is late"]
