"""Optimizer steps of PyTorch peers beside `saetop bench sae`, interleaved.

    python tests/bench/peers.py --saetop build/saetop [--shape S1 ...] [--arch topk ...]
        [--rounds 5] [--seconds 2] [--core 0] [--density 0.05] [--json]

A round is one run of saetop and one of each peer on the same pinned core; the ratio
peer / saetop is taken in every round and its median is printed, since single times
drift. Times are processor time of one thread, medians of the steps of a round.

Peers, where they can be imported: the trainers of dictionary_learning, update() as it
is; sparsify's SparseCoder with the calls of its trainer around it (forward, backward,
projection, torch Adam, no clipping) and its decoder for the CPU. What is missing is said
and left out. Both train on sparse sums of directions with a little noise. The
architectures without a k start at the same density, set by their biases.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import types

# Temporaries of a step are otherwise given back and page-faulted afresh each time.
MALLOC = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "2147483647",
}
ONE_THREAD = {k: "1" for k in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
SHAPES = {  # rows, width, latents, k
    "S1": (1024, 128, 1024, 32),
    "S2": (2048, 128, 2048, 32),
    "S3": (2048, 512, 4096, 32),
    "S4": (4096, 768, 16384, 32),
}
ARCHS = ("topk", "batchtopk", "matryoshka", "standard", "jumprelu", "gated")
BATCHES = 4
STEPS = 1_000_000  # long enough that nothing is dead and no rate falls


# ---- data ----


def make_rows(torch, n, D):
    g = torch.Generator().manual_seed(1)
    features = torch.randn(1024, D, generator=g)
    x = 0.2 * torch.randn(n, D, generator=g)
    for _ in range(16):
        j = torch.randint(1024, (n,), generator=g)
        size = -torch.log(1 - torch.rand(n, generator=g)) / 32**0.5
        x += size[:, None] * features[j]
    return x


def cut_at(torch, x, w_enc, density):
    """The pre-activation that a share of all exceeds."""
    h = (x[:64] @ w_enc.T).flatten()
    return float(h.topk(max(1, int(density * h.numel()))).values[-1])


# ---- peers: a name and a function that takes one step ----


def dictionary_learning(torch, arch, shape, x, density):
    try:
        import nnsight  # noqa: F401
    except ImportError:  # only its activation buffer needs it
        sys.modules["nnsight"] = types.ModuleType("nnsight")
        sys.modules["nnsight"].LanguageModel = object
    from dictionary_learning import trainers as t
    from dictionary_learning.trainers.matryoshka_batch_top_k import (
        MatryoshkaBatchTopKTrainer,
    )

    B, D, F, k = shape
    group_fractions = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 17 / 32]
    cls, extra = {
        "topk": (t.TopKTrainer, {"k": k}),
        "batchtopk": (t.BatchTopKTrainer, {"k": k}),
        "matryoshka": (
            MatryoshkaBatchTopKTrainer,
            {"k": k, "group_fractions": group_fractions},
        ),
        "standard": (t.StandardTrainer, {}),
        "jumprelu": (t.JumpReluTrainer, {}),
        "gated": (t.GatedSAETrainer, {}),
    }[arch]
    trainer = cls(steps=STEPS, activation_dim=D, dict_size=F, layer=0, lm_name="none",
                  device="cpu", **extra)  # fmt: skip
    ae = trainer.ae
    if arch == "standard":
        ae.encoder.bias.data -= cut_at(torch, x, ae.encoder.weight.data, density)
    elif arch == "jumprelu":
        ae.b_enc.data -= cut_at(torch, x, ae.W_enc.data.T, density)
    elif arch == "gated":
        ae.gate_bias.data -= cut_at(torch, x, ae.encoder.weight.data, density)
        ae.mag_bias.data.copy_(ae.gate_bias.data)
    done = iter(range(STEPS))
    return lambda batch: trainer.update(next(done), batch)


def sparsify(torch, arch, shape, x, density):
    if arch != "topk":
        return None
    os.environ["SPARSIFY_DISABLE_TRITON"] = "1"
    from sparsify import SparseCoder, SparseCoderConfig

    B, D, F, k = shape
    sae = SparseCoder(D, SparseCoderConfig(num_latents=F, k=k))
    optimizer = torch.optim.Adam(sae.parameters(), lr=2e-4 / (F / 2**14) ** 0.5)

    def step(batch):
        sae.set_decoder_norm_to_unit_norm()
        sae(x=batch).fvu.backward()
        sae.remove_gradient_parallel_to_decoder_directions()
        optimizer.step()
        optimizer.zero_grad()

    return step


PEERS = (dictionary_learning, sparsify)


# ---- measuring ----


def saetop_case(args, arch, shape):
    command = [args.saetop, "bench", "sae", "--json", "--threads", "1", "--arch", arch,
               "--shape", shape, "--seconds", str(args.seconds), "--density",
               str(args.density)]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode != 0:
        return None, ran.stderr.strip()
    return json.loads(ran.stdout.splitlines()[-1]), ""


def time_steps(step, batches, seconds):
    step(batches[0])  # the first one makes the optimizer's state
    taken, begin = [], time.monotonic()
    while len(taken) < 3 or (time.monotonic() - begin < seconds and len(taken) < 400):
        batch = batches[len(taken) % len(batches)]
        t = time.process_time()
        step(batch)
        taken.append(time.process_time() - t)
    return 1e3 * statistics.median(taken)


def make_peers(torch, args, arch, shape, said):
    rows = make_rows(torch, BATCHES * shape[0], shape[1])
    batches = list(rows.split(shape[0]))
    peers = {}
    for make in PEERS:
        name = make.__name__
        try:
            step = make(torch, arch, shape, rows, args.density)
        except ImportError as e:
            if name not in said:
                print(f"{name} is left out: {e}", file=sys.stderr)
            said.add(name)
            continue
        if step:
            peers[name] = step
    return peers, batches


def run_case(torch, args, arch, name, said):
    peers, batches = make_peers(torch, args, arch, SHAPES[name], said)
    rounds = []
    for _ in range(args.rounds):
        ours, why = saetop_case(args, arch, name)
        if ours is None:
            print(f"{arch} {name}: saetop is left out: {why}", file=sys.stderr)
            return
        times = {p: time_steps(step, batches, args.seconds) for p, step in peers.items()}
        rounds.append((ours["step_ms"], ours["encoder_ms"], times))
    report(args, arch, name, rounds)


def report(args, arch, name, rounds):
    middle = statistics.median
    own = middle(r[0] for r in rounds)
    over = middle(r[0] / r[1] for r in rounds)
    out = {"arch": arch, "shape": name, "threads": 1, "rounds": len(rounds),
           "step_ms": own, "encoder_ms": middle(r[1] for r in rounds),
           "step_over_encoder": over, "peers": {}}  # fmt: skip
    for peer in rounds[0][2]:
        ratios = sorted(r[2][peer] / r[0] for r in rounds)
        out["peers"][peer] = {"step_ms": middle(r[2][peer] for r in rounds),
                              "ratio": middle(ratios), "ratio_least": ratios[0],
                              "ratio_greatest": ratios[-1]}  # fmt: skip
    if args.json:
        print(json.dumps(out), flush=True)
        return
    line = f"{arch:<11} {name}  saetop {own:9.3f} ms, {over:5.2f} x its encoder product"
    for peer, p in out["peers"].items():
        line += (f"; {peer} {p['step_ms']:.2f} ms = {p['ratio']:.2f} x "
                 f"({p['ratio_least']:.2f} to {p['ratio_greatest']:.2f})")  # fmt: skip
    print(line, flush=True)


def arguments():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("--saetop", required=True, help="the program")
    a.add_argument("--shape", action="append", choices=SHAPES, help="all by default")
    a.add_argument("--arch", action="append", choices=ARCHS, help="all by default")
    a.add_argument("--rounds", type=int, default=5)
    a.add_argument("--seconds", type=float, default=2, help="of each peer in a round")
    a.add_argument("--core", type=int, default=0)
    a.add_argument("--density", type=float, default=0.05)
    a.add_argument("--json", action="store_true", help="an object a case")
    return a.parse_args()


def main():
    args = arguments()
    wanted = {**MALLOC, **ONE_THREAD}
    if any(os.environ.get(k) != v for k, v in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})
    os.sched_setaffinity(0, {args.core})
    try:
        import torch
    except ImportError:
        raise SystemExit("PyTorch is not installed: there are no peers to run")
    torch.set_num_threads(1)
    said = set()
    for name in args.shape or SHAPES:
        for arch in args.arch or ARCHS:
            run_case(torch, args, arch, name, said)


if __name__ == "__main__":
    main()
