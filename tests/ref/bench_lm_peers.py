"""Tokens a second of saetop's forward beside PyTorch's and llama.cpp's, in turn on the
same machine, threads and layers: single times drift, ratios of one round do not. With
--threads 1 CPU time is counted, which other work on the machine disturbs less.

    python tests/ref/bench_lm_peers.py SAETOP [--model DIR|FILE.gguf] [--blocks N]
                                       [--rows B] [--context T] [--threads N]
                                       [--rounds R] [--seconds S]

Without --model: GPT-2 small's shape, of random weights. A directory runs by transformers
in float and under bf16 autocast, up to block N without its head; a GGUF file by
llama-cpp-python, all blocks, prompt processing. Needs torch and transformers, or
llama_cpp; what is not there is left out and said.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time


def options():
    p = argparse.ArgumentParser()
    p.add_argument("saetop")
    p.add_argument("--model")
    p.add_argument("--blocks", type=int, default=7)
    p.add_argument("--rows", type=int, default=16)
    p.add_argument("--context", type=int, default=128)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=4)
    return p.parse_args()


def saetop(a, path, precision):
    hook = f"blocks.{a.blocks - 1}.hook_resid_post"

    def run():
        line = [a.saetop, "bench", "lm", "--model", path, "--hook", hook, "--rows",
                str(a.rows), "--threads", str(a.threads), "--seconds", str(a.seconds),
                "--json", "--set", f"context={a.context}", "--set",
                f"lm.precision={precision}"]  # fmt: skip
        answer = json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout)
        return answer["tokens_per_second"], answer["tokens_per_second"] / answer["one_thread"]

    return run


def repeated(a, once):
    """The median of tokens a second for some seconds, after a first time."""

    def run():
        once()
        clock = time.process_time if a.threads == 1 else time.perf_counter
        times, begin = [], time.perf_counter()
        while not times or time.perf_counter() - begin < a.seconds:
            t = clock()
            once()
            times.append(clock() - t)
        return a.rows * a.context / statistics.median(times), None

    return run


def torch_runs(a, path):
    import torch
    from transformers import AutoModel

    torch.set_num_threads(a.threads)
    model = AutoModel.from_pretrained(path, dtype=torch.float32).eval()
    for name in ("h", "layers"):
        if hasattr(model, name):
            setattr(model, name, getattr(model, name)[: a.blocks])
    ids = torch.randint(0, model.config.vocab_size, (a.rows, a.context))

    def f32():
        with torch.inference_mode():
            model(input_ids=ids, use_cache=False)

    def bf16():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            model(input_ids=ids, use_cache=False)

    return {"torch f32": repeated(a, f32), "torch bf16": repeated(a, bf16)}


def llama_runs(a, path):
    import llama_cpp

    n = a.rows * a.context
    model = llama_cpp.Llama(path, n_ctx=n, n_batch=512, n_threads=a.threads,
                            n_threads_batch=a.threads, verbose=False)  # fmt: skip
    ids = [(7919 * i) % model.n_vocab() for i in range(a.context)]

    def once():
        for _ in range(a.rows):
            model.reset()
            model.eval(ids)

    return {"llama.cpp": repeated(a, once)}


def random_gpt2(folder):
    import shutil, os
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config()).save_pretrained(folder)
    fixtures = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures")
    shutil.copy(os.path.join(fixtures, "models", "gpt2", "tokenizer.json"), folder)


def main():
    a = options()
    with tempfile.TemporaryDirectory() as folder:
        path = a.model or folder
        if not a.model:
            random_gpt2(folder)
        runs = {"saetop f32": saetop(a, path, "f32"), "saetop bf16": saetop(a, path, "bf16")}
        try:
            runs |= (llama_runs if path.endswith(".gguf") else torch_runs)(a, path)
        except ImportError as missing:
            print(f"left out: {missing}")
        found = {name: [] for name in runs}
        for _ in range(a.rounds):
            for name, run in runs.items():
                found[name].append(run())
    for name, rates in found.items():
        speed = [r for r, _ in rates]
        twice = [t for _, t in rates if t]
        print(f"{name:12} {statistics.median(speed):8.0f} tokens/s ({min(speed):.0f} to "
              f"{max(speed):.0f})" + (f", {statistics.median(twice):.2f} times one thread's"
                                      if twice and a.threads > 1 else ""))  # fmt: skip
    for mine in ("saetop f32", "saetop bf16"):
        for peer in set(found) - {"saetop f32", "saetop bf16"}:
            ratios = [m[0] / p[0] for m, p in zip(found[mine], found[peer])]
            print(f"{mine} / {peer}: {statistics.median(ratios):.2f} "
                  f"({min(ratios):.2f} to {max(ratios):.2f})")  # fmt: skip


main()
