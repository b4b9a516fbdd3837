"""Who is speaking? An LSTM that reads sequences of any lengths, trained with Ostinato's native API.

This file is meant to be read: it is a whole program for variable-length sequence classification. A cell is
stepped through the padded batch by `dynamic_rnn`, which stops each row at its own length: the final state is
then the last relevant output of each recording, and no packing or indexing is needed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

import ostinato
from ostinato.datasets import Recordings, japanese_vowels

UNITS = 64
CHANNELS = 12
SPEAKERS = 9

# Chosen by five-fold cross-validation inside the training set. The test set has chosen nothing, nor does it
# stop the training: the number of epochs is fixed.
EPOCHS = 80
BATCH_SIZE = 30
LEARNING_RATE = 0.01  # the highest of the schedule
NOISE = 0.6  # added to the standardised inputs while training: 270 recordings are few


class SpeakerClassifier(torch.nn.Module):
    """The second seed document's network: an LSTM cell and a linear layer on its last relevant output."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = ostinato.BasicLSTMCell(UNITS, input_size=CHANNELS)
        self.linear = torch.nn.Linear(UNITS, SPEAKERS)

    def forward(self, sequences: Tensor, lengths: Tensor) -> Tensor:
        """The logits `[batch, 9]` of `sequences` `[batch, time, 12]` of `lengths` `[batch]`."""
        _, state = ostinato.dynamic_rnn(self.cell, sequences, sequence_length=lengths)
        logits: Tensor = self.linear(state.h)
        return logits


class Batch(NamedTuple):
    """`sequences` float32 `[n, time, 12]`, `lengths` int64 `[n]`, `labels` int64 `[n]`, as tensors."""

    sequences: Tensor
    lengths: Tensor
    labels: Tensor


class Epoch(NamedTuple):
    """After an epoch: its mean training loss (nats), and the accuracy on the test set (a fraction)."""

    loss: float
    test_accuracy: float


def load() -> tuple[Batch, Batch]:
    """The training and test recordings, standardised by the training recordings' mean and deviation."""
    train, test = (_to_batch(recordings) for recordings in japanese_vowels())
    steps = torch.arange(train.sequences.shape[1])
    frames = train.sequences[steps < train.lengths[:, None]]  # [all frames, 12]: the padding does not count
    mean, deviation = frames.mean(0), frames.std(0)
    return (
        train._replace(sequences=(train.sequences - mean) / deviation),
        test._replace(sequences=(test.sequences - mean) / deviation),
    )


def _to_batch(recordings: Recordings) -> Batch:
    return Batch(*(torch.from_numpy(array) for array in recordings))


def train_epochs(train: Batch, test: Batch, seed: int, epochs: int = EPOCHS) -> Iterator[Epoch]:
    """Train a new `SpeakerClassifier`, epoch by epoch. The same seed gives the same training."""
    torch.manual_seed(seed)
    model = SpeakerClassifier()
    optimizer = torch.optim.Adam(model.parameters())
    batches = -(-len(train.labels) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=epochs * batches)
    for _ in range(epochs):
        model.train()
        losses = []
        for indices in torch.randperm(len(train.labels)).split(BATCH_SIZE):
            sequences, lengths, labels = (tensor[indices] for tensor in train)
            logits = model(sequences + NOISE * torch.randn_like(sequences), lengths)
            loss = functional.cross_entropy(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        yield Epoch(sum(losses) / len(losses), accuracy(model, test))


@torch.no_grad()
def accuracy(model: SpeakerClassifier, batch: Batch) -> float:
    """The fraction of `batch` that `model` gives its right speaker."""
    model.eval()
    predicted = model(batch.sequences, batch.lengths).argmax(1)
    return (predicted == batch.labels).double().mean().item()
