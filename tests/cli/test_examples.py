"""The example scripts, each by `ostinato run` for a few steps, as a reader of theirs would call them."""

import re
from pathlib import Path

import pytest

from tf1.forking import shared

SCRIPTS = Path(__file__).parents[2] / "examples" / "tf1"
RUNS = {
    "adaptive_computation": (
        ["--steps", "3", "--batch_size", "8", "--units", "8"],
        r"step 0: loss \d\.\d{4}.*\nstep 2: loss \d\.\d{4}, accuracy \d\.\d+, ponder \d\.\d+\n$",
    ),
    "char_lm": (
        ["--steps", "3", "--rnn_size", "16", "--sample", "20"],
        r"step 2/3 .*loss = \d\.\d+.*\nmodel saved to save_char_lm/model\.ckpt-3\nThe ",
    ),
    "crf_tagger": (
        ["--steps", "2", "--num_units", "8"],
        r"step 1, loss \d+\.\d+\n\d+\.\d% of \d+ characters",
    ),
    "ctc_speakers": (
        ["--steps", "2", "--num_hidden", "8"],
        r"step 1, cost = \d+\.\d+\n(spoken by .* heard .*\n){3}label error rate on other recordings: \d\.\d+",
    ),
    "handwriting_mdn": (
        ["--steps", "2", "--rnn_size", "12", "--batch_size", "4", "--seq_length", "10", "--sample", "5"],
        r"1/2, train_loss = \d\.\d+\na sampled line: handwriting\.svg\n$",
    ),
    "image_rows": (
        ["--steps", "2", "--batch_size", "16"],
        r"Step 2, Minibatch Loss= \d\.\d+, .*\nOptimization Finished!\n"
        r"Testing Accuracy: \d\.\d+\nModel saved in .*\n$",
    ),
    "ptb_lm": (
        ["--steps=2", "--hidden_size=12", "--num_steps=5"],
        r"step 2 perplexity: \d+\.\d+ speed: \d+ wps\nTrain Perplexity: .*\nValid Perplexity: \d+\.\d+\n$",
    ),
    "seq2seq_attention": (
        ["--steps", "2", "--batch_size", "8", "--units", "16"],
        r"step 1 loss \d\.\d{4}\n( .*-> .*\n){5}right: \d+ of 100\n$",
    ),
    "time_series": (
        ["--steps", "3", "--hidden", "8", "--window", "10"],
        r"\[step: 2\] loss: \d\.\d+\nRMSE of the forecast: \d\.\d+; of repeating the last value: \d\.\d+\n$",
    ),
}


def test_every_script_is_run():
    assert sorted(RUNS) == sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.mark.parametrize("name", sorted(RUNS))
def test_a_script_trains_and_says_how_it_went(name, tmp_path):
    arguments, expected = RUNS[name]

    def run():
        ended = shared().run(tmp_path, "run", SCRIPTS / f"{name}.py", *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    printed = run()
    assert re.search(expected, printed), printed
    assert "nan" not in printed
    if name == "handwriting_mdn":
        assert (tmp_path / "handwriting.svg").read_text().startswith("<svg ")
    if name == "char_lm":
        assert "continuing from step 3\n" in run()
