"""Models as people write them with torch.nn, with the one import changed: the same losses, step by step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import ostinato


def character_language_model(layers):
    """Truncated backpropagation with the hidden state carried on, and the decoder tied to the embedding."""

    class CharacterModel(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(11, 8)
            self.rnn = layers.LSTM(8, 8, num_layers=2, dropout=0.0)
            self.decoder = nn.Linear(8, 11)
            self.decoder.weight = self.embedding.weight

        def init_hidden(self, batch_size):
            weight = next(self.rnn.parameters())
            shape = (self.rnn.num_layers, batch_size, self.rnn.hidden_size)
            return weight.new_zeros(*shape), weight.new_zeros(*shape)

        def forward(self, characters, hidden):
            self.rnn.flatten_parameters()
            output, hidden = self.rnn(self.embedding(characters), hidden)
            return self.decoder(output), hidden

    model = CharacterModel()
    text = torch.randint(11, (31, 3), generator=torch.Generator().manual_seed(4))
    hidden = model.init_hidden(3)

    def losses():
        nonlocal hidden
        for start in range(0, 30, 10):
            hidden = tuple(part.detach() for part in hidden)
            scores, hidden = model(text[start : start + 10], hidden)
            yield functional.cross_entropy(scores.flatten(0, 1), text[start + 1 : start + 11].flatten())

    return model, losses


def sentiment_classifier(layers):
    """A bidirectional LSTM over packed sentences, and the last hidden states of both directions."""

    class Sentiment(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(20, 6, padding_idx=0)
            self.lstm = layers.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
            self.classifier = nn.Linear(2 * 5, 2)
            for names in self.lstm._all_weights:  # the well-known way to start with open forget gates
                for name in (name for name in names if "bias" in name):
                    bias = getattr(self.lstm, name)
                    bias.data[bias.size(0) // 4 : bias.size(0) // 2].fill_(1.0)

        def forward(self, words, lengths):
            packed = pack_padded_sequence(
                self.embedding(words), lengths, batch_first=True, enforce_sorted=False
            )
            packed_output, (hidden, _) = self.lstm(packed)
            output, _ = pad_packed_sequence(packed_output, batch_first=True)
            pooled = torch.cat([hidden[-2], hidden[-1]], dim=1) + output.max(dim=1).values
            return self.classifier(pooled)

    model = Sentiment()
    generator = torch.Generator().manual_seed(5)

    def losses():
        for _ in range(3):
            words = torch.randint(1, 20, (4, 9), generator=generator)
            lengths = torch.randint(1, 10, (4,), generator=generator)
            words[torch.arange(9) >= lengths[:, None]] = 0
            yield functional.cross_entropy(model(words, lengths), torch.tensor([0, 1, 1, 0]))

    return model, losses


def translation(layers):
    """A GRU encoder, and a GRU decoder called one word at a time with attention over the encoder."""

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(15, 7)
            self.gru = layers.GRU(7, 7, bidirectional=True)
            self.bridge = nn.Linear(14, 7)

        def forward(self, source):
            outputs, hidden = self.gru(self.embedding(source))
            outputs = outputs[:, :, :7] + outputs[:, :, 7:]
            return outputs, torch.tanh(self.bridge(torch.cat([hidden[0], hidden[1]], dim=1))).unsqueeze(0)

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(15, 7)
            self.gru = layers.GRU(14, 7)
            self.out = nn.Linear(14, 15)

        def forward(self, word, hidden, encoded):
            weights = torch.softmax((hidden[-1] * encoded).sum(2), dim=0)
            context = (weights.unsqueeze(2) * encoded).sum(0)
            step = torch.cat([self.embedding(word), context], dim=1).unsqueeze(0)
            output, hidden = self.gru(step, hidden)
            return self.out(torch.cat([output.squeeze(0), context], dim=1)), hidden

    model = nn.ModuleDict({"encoder": Encoder(), "decoder": Decoder()})
    source, target = torch.randint(15, (2, 6, 3), generator=torch.Generator().manual_seed(6))

    def losses():
        for _ in range(3):
            encoded, hidden = model["encoder"](source)
            total = torch.zeros(())
            for step in range(5):
                scores, hidden = model["decoder"](target[step], hidden, encoded)
                total = total + functional.cross_entropy(scores, target[step + 1])
            yield total

    return model, losses


def sign_regression(layers):
    """A weight-normalised relu RNN in an nn.Sequential, one row without a batch at a time."""

    class TakeLast(nn.Module):
        def forward(self, result):
            return result[0][-1]

    rnn = layers.RNN(2, 6, nonlinearity="relu", num_layers=2, bias=False)
    for name, parameter in rnn.named_parameters():
        if "weight_hh" in name:
            nn.init.orthogonal_(parameter)
    nn.utils.parametrizations.weight_norm(rnn, "weight_ih_l0")
    model = nn.Sequential(rnn, TakeLast(), nn.Linear(6, 1))
    series = torch.randn(3, 12, 2, generator=torch.Generator().manual_seed(7))

    def losses():
        for row in series:
            yield (model(row) - row.sum().sign()).pow(2).sum()

    return model, losses


def captcha_reader(layers):
    """Convolutions whose columns are the steps of stacked bidirectional LSTMs, trained with CTC."""

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(1, 3, 3, stride=(2, 1), padding=1)
            self.first = layers.LSTM(12, 5, bidirectional=True)
            self.second = layers.LSTM(10, 5, bidirectional=True)
            self.characters = nn.Linear(10, 6)

        def forward(self, images):
            columns = torch.relu(self.convolution(images)).flatten(1, 2).permute(2, 0, 1)
            columns, _ = self.first(columns)
            columns, _ = self.second(columns)
            return self.characters(columns).log_softmax(2)

    model = Reader()
    images = torch.randn(2, 1, 8, 10, generator=torch.Generator().manual_seed(8))

    def losses():
        for _ in range(3):
            yield functional.ctc_loss(model(images), torch.tensor([[1, 2], [3, 5]]), [10, 10], [2, 1])

    return model, losses


@pytest.mark.parametrize(
    "script", [character_language_model, sentiment_classifier, translation, sign_regression, captcha_reader]
)
def test_a_script_with_its_import_changed(script):
    found = []
    for layers in (nn, ostinato):
        torch.manual_seed(11)
        model, losses = script(layers)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        values = []
        for loss in losses():
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            values.append(loss.detach())
        assert len(values) == 3
        found.append((torch.stack(values), model.state_dict()))
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-5)


def test_what_the_documentation_shows_runs():
    page = Path(__file__).parents[2] / "docs" / "layers.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    names = {"x": torch.randn(3, 20, 12), "ostinato": ostinato, "step": 7}
    for block in blocks:
        exec(block, names)
    assert len(blocks) == 4
    assert names["cell_states"].shape == (3, 20, 2 * 64)
