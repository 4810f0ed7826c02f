import re

import pytest

from tests import readme


def test_what_is_made_from_code_is_up_to_date():
    text = readme.README.read_text()
    assert readme.filled(text) == text, "run: python -m tests.readme"


def test_a_part_without_a_place_is_an_error():
    with pytest.raises(ValueError, match="made:losses"):
        readme.filled("nothing to write between")


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", readme.README.read_text()):
        assert (readme.ROOT / target).exists(), target


def test_the_python_in_it_runs():
    import torch

    # those of the worked example have a mark above them, and a test of their own
    blocks = re.findall(r"(?<!-->\n)```python\n(.*?)```", readme.README.read_text(), re.DOTALL)
    assert len(blocks) == 3
    known = {"embeddings": torch.randn(32, 8), "labels": torch.arange(32) % 4}
    exec(blocks[0], known)
    assert known["value"].shape == ()
    exec(blocks[1].replace("steps=500", "steps=2"), known)
    assert known["z"].shape == (2000, 128)
    exec(blocks[2], known)
    assert known["c"].total == 32 * 7 * 24
