"""The network of the generator: a variational autoencoder of token strings, with heads for properties.

D. P. Kingma, M. Welling, arXiv:1312.6114; for molecules R. Gómez-Bombarelli et al., ACS Cent. Sci. 2018, 4, 268.
Importing this module loads torch: import it where a model is needed.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from reexplore.proposals.settings import GeneratorSettings
from reexplore.proposals.strings import BEGIN, END, LONGEST, PADDING

_HEAD = 64
#: Where the logarithm of a variance is held.
_LOG_VARIANCE = (-8.0, 4.0)


class StringVae(nn.Module):
    """Strings to latent vectors and back; a head says properties of a latent vector and the class of its donor.

    `vocabulary` is how many tokens there are, `classes` how many classes of donors, `properties` how many a head says.
    """

    def __init__(self, vocabulary: int, classes: int, properties: int, settings: GeneratorSettings) -> None:
        super().__init__()
        hidden, latent = settings.hidden, settings.latent
        self.dropout, self.classes, self.properties = settings.word_dropout, classes, properties
        self.embedding = nn.Embedding(vocabulary, settings.embedding, padding_idx=PADDING)
        self.encoder = nn.GRU(settings.embedding, hidden // 2, batch_first=True, bidirectional=True)
        self.mean, self.log_variance = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.first = nn.Linear(latent, hidden)
        self.decoder = nn.GRU(settings.embedding + latent, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocabulary)
        self.head = nn.Sequential(nn.Linear(latent + classes, _HEAD), nn.GELU(), nn.Linear(_HEAD, max(properties, 1)))

    def encode(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and log variance of each row of token numbers, shape (rows, latent)."""
        lengths = (rows != PADDING).sum(1).cpu()
        packed = pack_padded_sequence(self.embedding(rows), lengths, batch_first=True, enforce_sorted=False)
        _, state = self.encoder(packed)
        both = torch.cat([state[0], state[1]], 1)
        return self.mean(both), self.log_variance(both).clamp(*_LOG_VARIANCE)

    def decode(self, z: torch.Tensor, rows: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
        """Return the logits of the token after each of `rows`; where `shown` is 0 the decoder does not see it."""
        seen = self.embedding(rows) * shown[..., None]
        beside = z[:, None].expand(-1, rows.shape[1], -1)
        states, _ = self.decoder(torch.cat([seen, beside], -1), torch.tanh(self.first(z))[None])
        logits: torch.Tensor = self.out(states)
        return logits

    def said(self, z: torch.Tensor, donor_class: torch.Tensor) -> torch.Tensor:
        """Return the properties (in deviations from the mean of the class) of latent vectors and numbers of classes."""
        of_class = functional.one_hot(donor_class, self.classes).to(z.dtype)
        found: torch.Tensor = self.head(torch.cat([z, of_class], 1))
        return found[:, : self.properties]

    @torch.no_grad()
    def sample(self, z: torch.Tensor, *, temperature: float, chance: torch.Generator) -> torch.Tensor:
        """Return token numbers of one string for each latent vector; at temperature 0 the likeliest token each time."""
        token = torch.full((len(z), 1), BEGIN)
        state = torch.tanh(self.first(z))[None]
        written, done = [], torch.zeros(len(z), dtype=torch.bool)
        for _ in range(LONGEST):
            states, state = self.decoder(torch.cat([self.embedding(token), z[:, None]], -1), state)
            logits = self.out(states[:, 0])
            logits[:, [PADDING, BEGIN]] = -torch.inf
            if temperature:
                token = torch.multinomial(functional.softmax(logits / temperature, -1), 1, generator=chance)
            else:
                token = logits.argmax(-1, keepdim=True)
            written.append(token[:, 0])
            done |= token[:, 0] == END
            if done.all():
                break
        return torch.stack(written, 1)
