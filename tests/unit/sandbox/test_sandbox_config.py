"""The sandbox's configuration."""

from __future__ import annotations

import pytest

from sandbox.config import BadConfiguration, SandboxConfig


def test_servers_follow_the_port_base() -> None:
    config = SandboxConfig.at(9100)

    assert config.deepgram_url == "http://127.0.0.1:9101"
    assert config.openai_url == "http://127.0.0.1:9102"


def test_environment_is_read_and_flags_win() -> None:
    environ = {
        "BUDDY_SANDBOX_SCRIPT": "true",
        "BUDDY_SANDBOX_PORT_BASE": "9200",
        "BUDDY_SANDBOX_AUTH_TOKEN": "from the environment",
    }

    config = SandboxConfig.from_environment(environ, port_base=9300, script=None)

    assert (config.script, config.port_base) == (True, 9300)
    assert config.openai_url == "http://127.0.0.1:9302"
    assert config.auth_token == "from the environment"


def test_a_variable_that_makes_no_sense_is_named() -> None:
    with pytest.raises(BadConfiguration, match="BUDDY_SANDBOX_PORT_BASE"):
        SandboxConfig.from_environment({"BUDDY_SANDBOX_PORT_BASE": "many"})
