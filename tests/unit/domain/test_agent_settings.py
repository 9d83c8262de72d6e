"""Settings objects of agents: what is given merges over what is stored; what is not given is left alone."""

import pytest

from core.errors import InvalidInput
from domain.agents.settings import merged
from domain.changes import UNSET
from retrieval.answers import DEFAULT_THRESHOLD

OLD_VERSIONS = {"max_response_length": 300, "since_removed": True}


class TestMerged:
    def test_what_is_not_given_stays_as_an_older_version_stored_it(self) -> None:
        assert merged("response_config", OLD_VERSIONS, UNSET) == OLD_VERSIONS

    def test_what_is_given_is_checked_with_the_rest(self) -> None:
        with pytest.raises(InvalidInput, match="since_removed"):
            merged("response_config", OLD_VERSIONS, {"show_sources": False})

    def test_over_the_stored_over_the_defaults(self) -> None:
        settings = merged("response_config", {"max_response_length": 300}, {"show_sources": False})
        assert (settings["max_response_length"], settings["show_sources"]) == (300, False)
        assert settings["confidence_threshold"] == DEFAULT_THRESHOLD
