"""What every case of make_sae_fixtures.py starts from: sizes, weights, batches."""

import torch

D, F, B, K, STEPS = 12, 40, 24, 5, 10
LR = 1e-2
DEAD = [3, 8, 11, 17, 20, 26, 31, 38]  # more than AuxK's D / 2
FEW = DEAD[:4]  # fewer
WIDTHS = [8, 20, 40]  # of Matryoshka's prefixes

ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
UNIT = {"decoder": "unit", "keep_b_dec": False}
FREE = {"decoder": "free", "keep_b_dec": False}


class Start:
    """Weights and batches of a seed, the same for float32 and float64."""

    def __init__(self, seed, quiet, decoder_norm):
        g = torch.Generator().manual_seed(seed)

        def normal(*shape):
            return torch.randn(*shape, generator=g, dtype=torch.float64)

        dec = normal(F, D)
        dec /= dec.norm(dim=1, keepdim=True)
        enc = 0.8 * dec + 0.15 * normal(F, D)
        enc[quiet] *= 0.05  # never among the selected, yet not always negative
        norms = decoder_norm * (0.7 + 0.6 * torch.rand(F, 1, generator=g).double())
        self.W_dec = (dec if decoder_norm == 1 else dec * norms).float()
        self.W_enc = enc.float()
        self.b_enc = (0.05 * normal(F)).float()
        self.b_dec = (0.2 * normal(D)).float()
        # Sparse sums of other directions than the decoder's, an offset, noise.
        other = normal(30, D)
        other /= other.norm(dim=1, keepdim=True)
        on = (torch.rand(STEPS * B, 30, generator=g) < 0.12).double()
        size = 1 + torch.rand(STEPS * B, 30, generator=g).double()
        x = (on * size) @ other + 0.1 * normal(STEPS * B, D) + 0.3
        self.x = x.reshape(STEPS, B, D).float()
        self.b_gate = self.b_enc
        self.r_mag = (0.2 * normal(F)).float()
        self.b_mag = (0.1 * normal(F)).float()
        self.threshold = (0.1 + 0.3 * torch.rand(F, generator=g)).float()
