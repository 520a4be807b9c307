"""tests/fixtures/chat.json: ids of transformers' apply_chat_template for each family of
core/text/chat.c, by small tokenizers of tests/fixtures/tokenizers with the family's special
tokens added. The templates are short ones of our own with what each family is known by; the
real ones of 11 models were held against the table when it was made (SmolLM2-135M-Instruct,
Qwen2.5-7B-Instruct, Qwen3-0.6B, LFM2-8B-A1B, LFM2.5-Instruct, Llama-3.1-8B-Instruct,
Llama-3.2-3B-Instruct, Llama-3.3-70B-Instruct, gemma-2-2b-it, Phi-3.5-mini-instruct,
Mistral-Nemo-Instruct-2407), and four from memory (OpenHermes-2.5, Llama-3-8B-Instruct,
Mistral-7B-Instruct-v0.2, zephyr-7b).

    python tests/ref/make_chat_fixtures.py
"""

import json
import os

from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerFast

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "fixtures")

TURNS = """{% for m in messages %}"""
IM = """<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n'"""
IM_END = """{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
QWEN3_END = """{% endfor %}{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""


def system(text):
    return "{% if messages[0].role != 'system' %}{{ '<|im_start|>system\n" + text + \
        "<|im_end|>\n' }}{% endif %}"


def llama(date):
    lead = "" if date is None else (
        "{{ '<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023"
        "\nToday Date: ' + " + date + " + '\n\n<|eot_id|>' }}")
    return ("{{ bos_token }}" + lead + TURNS + "{{ '<|start_header_id|>' + m.role + "
            "'<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}{% endfor %}"
            "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}")


CHATML = TURNS + "{{ '" + IM + " }}" + IM_END
HEADER = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
IMS = ["<|im_start|>", "<|im_end|>"]
PHI = ["<|user|>", "<|end|>", "<|assistant|>"]

# family, tokenizer, special tokens, template
FAMILIES = [
    ("smollm2", "smollm2", IMS, system("You are a helpful AI assistant named SmolLM, trained by "
                                       "Hugging Face") + CHATML),
    ("qwen2.5", "qwen2", IMS, system("You are Qwen, created by Alibaba Cloud. You are a helpful "
                                     "assistant.") + CHATML),
    ("qwen3", "qwen3", IMS, TURNS + "{{ '" + IM + " }}" + QWEN3_END),
    ("chatml", "gpt2", IMS, CHATML),
    ("chatml with BOS", "llama3", IMS, "{{ bos_token }}" + CHATML),
    ("llama3", "llama3", HEADER, llama(None)),
    ("llama3.1", "llama3", HEADER, llama("'26 Jul 2024'")),
    ("llama3.2", "llama3", HEADER, llama("strftime_now('%d %b %Y')")),
    ("gemma", "gemma3", ["<start_of_turn>", "<end_of_turn>"],
     "{{ bos_token }}" + TURNS + "{{ '<start_of_turn>' + m.role + '\n' + m.content | trim + "
     "'<end_of_turn>\n' }}{% endfor %}{{ '<start_of_turn>model\n' }}"),
    ("phi3", "llama2", PHI, TURNS + "{{ '<|user|>\n' + m.content + '<|end|>\n<|assistant|>\n' }}"
     "{% endfor %}"),
    ("zephyr", "llama2", [],
     "{% for message in messages %}{{ '<|user|>\n' + message['content'] + eos_token + '\n' }}"
     "{% endfor %}{{ '<|assistant|>\n' }}"),
    ("mistral", "mistral", [],
     "{{ bos_token }}{% for message in messages %}"
     "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% endfor %}"),
    ("mistral tekken", "llama3", ["[INST]", "[/INST]"],
     "{{ bos_token }}" + TURNS + "{{ \"[INST]\" + m.content + \"[/INST]\" }}{% endfor %}"),
]
TEXTS = ["The dog ran to the", "", "a", "  two\n\nlines, caf\u00e9 \u732b  ", "x = [1, 2] <b>"]
ENDS = {"llama3": ("<|begin_of_text|>", "<|end_of_text|>"), "gemma3": ("<bos>", "<eos>"),
        "llama2": ("<s>", "</s>"), "mistral": ("<s>", "</s>")}


def main():
    out = []
    for family, base, special, template in FAMILIES:
        tok = Tokenizer.from_file(os.path.join(FIXTURES, "tokenizers", base, "tokenizer.json"))
        known = tok.get_vocab(with_added_tokens=True)
        added = [s for s in special if s not in known]
        tok.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in added])
        bos, eos = ENDS.get(base, (None, "<|endoftext|>"))
        fast = PreTrainedTokenizerFast(tokenizer_object=tok, bos_token=bos, eos_token=eos)
        cases = []
        for text in TEXTS:
            said = [{"role": "user", "content": text}]
            ids = fast.apply_chat_template(said, chat_template=template, tokenize=True,
                                           add_generation_prompt=True, return_dict=False)
            cases.append({"text": text, "ids": ids})
        out.append({"family": family, "base": base, "template": template,
                    "added": [{"id": tok.token_to_id(s), "content": s} for s in added],
                    "cases": cases})
    with open(os.path.join(FIXTURES, "chat.json"), "w", encoding="utf-8") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
