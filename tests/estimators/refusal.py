"""What a refusal looks like."""

import pytest


def refuses(*words):
    """The error is one line that holds all the words, in this order."""
    return pytest.raises(ValueError, match=r"\A.*" + ".*".join(words) + r".*\Z")
