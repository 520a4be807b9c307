"""What is measured on running text: reconstruction, the model behind it, densities,
directions, robustness."""

import numpy as np
import torch

from .numbers import MASK, unit


BATCH = 16  # rows of SAEBench's batches


def mean_of(text, first, end):
    return text.x[first:end][text.counts[first:end]].astype(np.float64).mean(0)


def row_sums(s, text, rows):
    """Sums over the tokens that count of each row, and the model's losses of each row."""
    mean = mean_of(text, 0, rows)
    out = []
    for r in range(rows):
        ids, use = text.ids[r], text.counts[r]
        x = text.x[r].astype(np.float64)
        xhat = s.decoded(text.x[r])
        codes = text.codes[r * text.T : (r + 1) * text.T][use]
        a, b = x[use], xhat[use].astype(np.float64)
        error, about = ((a - b) ** 2).sum(1), ((a - mean) ** 2).sum(1)
        first = r // BATCH * BATCH
        in_batch = ((a - mean_of(text, first, min(first + BATCH, rows))) ** 2).sum(1)
        na, nb, dot = (a * a).sum(1), (b * b).sum(1), (a * b).sum(1)
        q = {
            "tokens": use.sum(), "active": codes.nnz, "activation": codes.sum(), "error": error.sum(), "variance": about.sum(),
            "square": na.sum(), "square_hat": nb.sum(), "dot": dot.sum(), "legacy": (1 - error / in_batch).sum(),
            "cosine": (dot / np.sqrt(na * nb)).sum(), "shrinkage": np.sqrt(nb / na).sum(), "norm": np.sqrt(na).sum(),
            "norm_hat": np.sqrt(nb).sum(), "predicted": text.T - 1,
        }  # fmt: skip
        stand_in = {"sae": xhat, "zero": np.zeros_like(xhat), "mean": np.broadcast_to(mean, xhat.shape).astype(np.float32)}
        clean = s.at_hook(ids[None], logits=True)[1][0, :-1]
        pick = torch.tensor(ids[1:])[:, None]
        p = clean.exp()
        q["ce_clean"] = -float(clean.gather(-1, pick).double().sum())
        for name, v in stand_in.items():
            given = torch.from_numpy(np.where(use[:, None], v, text.x[r]).astype(np.float32))[None]
            now = s.at_hook(ids[None], given=given, logits=True)[1][0, :-1]
            q["ce_" + name] = -float(now.gather(-1, pick).double().sum())
            q["kl_" + name] = float((p * (clean - now)).sum(-1).double().sum())
        out.append(q)
    return {k: np.array([q[k] for q in out], float) for k in out[0]}


def fidelity(s, r):
    """The full figures, over the rows that --rows asked for."""
    for name, text in s.text.items():
        rows = min(s.settings["rows"], len(text.ids))
        q = row_sums(s, text, rows)
        one, D = np.ones(rows), text.x.shape[-1]
        put = lambda key, x, w: r.ratio(f"fidelity.{name}.{key}", x, w, "rows")
        put("l0", q["active"], q["tokens"])
        put("l1", q["activation"], q["tokens"])
        put("mse", q["error"], q["tokens"])
        put("mse_per_dimension", q["error"] / D, q["tokens"])
        put("explained_variance", q["variance"] - q["error"], q["variance"])
        put("explained_variance_legacy", q["legacy"], q["tokens"])
        b = {k: np.add.reduceat(q[k], np.arange(0, rows, BATCH)) for k in ("tokens", "error", "square", "square_hat", "dot")}
        e, m = (b[k] / b["tokens"] for k in ("error", "square"))
        r.put(f"fidelity.{name}.mse_saebench", e.sum() / b["tokens"].sum())
        e, m = e.mean(), m.mean()
        r.put(f"fidelity.{name}.explained_variance_saebench", 1 - e / (m - (m / D) ** 2))
        r.put(f"fidelity.{name}.bias_saebench", (b["square_hat"] / b["dot"]).mean())
        put("cosine", q["cosine"], q["tokens"])
        put("shrinkage", q["shrinkage"], q["tokens"])
        put("norm_in", q["norm"], q["tokens"])
        put("norm_out", q["norm_hat"], q["tokens"])
        put("bias", q["square_hat"], q["dot"])
        r.put(f"fidelity.{name}.tokens", q["tokens"].sum())
        for k in ("ce_clean", "ce_sae", "ce_zero", "ce_mean", "kl_sae", "kl_zero", "kl_mean"):
            put(k, q[k], q["predicted"])
        put("ce_increase", q["ce_sae"] - q["ce_clean"], q["predicted"])
        put("ce_recovered", q["ce_zero"] - q["ce_sae"], q["ce_zero"] - q["ce_clean"])
        put("ce_recovered_mean", q["ce_mean"] - q["ce_sae"], q["ce_mean"] - q["ce_clean"])
        put("kl_score", q["kl_zero"] - q["kl_sae"], q["kl_zero"])
        live(s, r, name, text, q)


def live(s, r, name, text, row):
    """What training shows: the same on the first rows, the variance about their own
    mean."""
    rows = min(s.settings["live_rows"], len(text.ids))
    assert rows <= len(row["error"])
    q = {k: v[:rows].sum() for k, v in row.items()}
    x = text.x[:rows][text.counts[:rows]].astype(np.float64)
    q["variance"] = ((x - x.mean(0)) ** 2).sum()
    path = f"live.{name}."
    r.put(path + "rows", rows)
    r.put(path + "ce_rows", rows)
    r.put(path + "l0", q["active"] / q["tokens"])
    r.put(path + "explained_variance", 1 - q["error"] / q["variance"])
    r.put(path + "ce_recovered", (q["ce_zero"] - q["ce_sae"]) / (q["ce_zero"] - q["ce_clean"]))
    for k in ("clean", "sae", "zero"):
        r.put(f"{path}ce_{k}", q["ce_" + k] / q["predicted"])
    if name == "in_distribution":
        r.put(path + "mse", q["error"] / q["tokens"])
        used = np.union1d(np.flatnonzero(text.counts[:rows].ravel()), s.details["absorption"]["sample"]["position"])
        r.put("live.latents.dead", (text.codes[used].getnnz(0) == 0).mean())
        r.put("live.latents.tokens", len(used))


def greatest(w):
    u = w / np.linalg.norm(w, axis=1, keepdims=True)
    c = u @ u.T
    np.fill_diagonal(c, -np.inf)
    return c


def latents(s, r):
    text = s.text["in_distribution"]
    use = text.counts.ravel()
    codes = text.codes[use]
    fires = codes.getnnz(0).astype(float)
    rows = np.repeat(np.arange(len(text.ids)), text.T)[use]
    per_row = rows_of(codes, rows, len(text.ids))
    n, F = codes.shape
    d = fires / n
    alive = fires > 0
    put = lambda k, v: r.put("latents." + k, v)
    put("width", F)
    put("tokens", n)
    put("dead", (~alive).mean())
    put("below_1e-6", (d <= 1e-6).mean())
    put("below_1e-5", (d <= 1e-5).mean())
    put("dense_1_percent", (d > 0.01).mean())
    put("dense_10_percent", (d > 0.1).mean())
    put("dense_1_percent_share", d[d > 0.01].sum() / d.sum())
    put("dense_10_percent_share", d[d > 0.1].sum() / d.sum())
    put("mean_log10_density", np.log10(d[alive]).mean())
    put("consistency", (fires[alive] / per_row[alive]).mean())
    decade = np.clip(np.floor(np.log10(d[alive])) + 8, 1, 7).astype(int)
    r.put("log10_density", [int((~alive).sum()), *np.bincount(decade, minlength=8)[1:].tolist()])
    dec, enc = greatest(s.decoder), greatest(s.encoder)
    pairs = dec[np.isfinite(dec)]
    own = s.encoder
    put("encoder_norm", np.linalg.norm(own, axis=1).mean())
    put("encoder_decoder_cosine", ((own * s.decoder).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(s.decoder, axis=1)).mean())
    put("max_decoder_cosine", dec.max(1).mean())
    put("max_encoder_cosine", enc.max(1).mean())
    put("decoder_cosine_abs", abs(pairs).mean())
    put("decoder_cosine_negative", np.maximum(-pairs, 0).mean())
    r.same("details: firings of latents", np.array(s.details["latents"]["fires"]), fires)


def rows_of(codes, rows, n):
    """In how many rows of text each latent fires."""
    c = codes.tocoo()
    return np.bincount(np.unique(c.col.astype(np.int64) * n + rows[c.row]) // n, minlength=codes.shape[1])


def robustness(s, r):
    d = s.details.get("robustness")
    if d is None:
        return
    text, ids, masked = s.text["in_distribution"], np.array(d["ids"]), np.array(d["masked"]) == 1
    rows = len(ids)
    place = np.arange(text.T)[None, :]
    drawn = unit(s.settings["interval_seed"], MASK, np.arange(rows)[:, None], place) < 0.3
    special = np.isin(text.ids[:rows], s.special)
    r.same("details: masked positions", masked, drawn & ~special)
    x = s.activations(ids).reshape(-1, text.flat.shape[1])
    use = (text.counts[:rows] & ~masked).ravel()
    clean, other = text.codes[: rows * text.T][use], s.codes(x)[use]
    change, both = np.asarray(abs(clean - other).sum(0))[0], np.asarray((clean + other).sum(0))[0]
    fires = (clean + other).getnnz(0)
    known = (fires >= 20) & (both > 0)
    v = np.where(known, 1 - change / np.where(both > 0, both, 1), np.nan)
    r.ratio("robustness.mean", v[known], np.ones(known.sum()), "latents")
    r.put("robustness.weighted", 1 - change.sum() / both.sum())
    r.put("robustness_of_latents", v.tolist())
