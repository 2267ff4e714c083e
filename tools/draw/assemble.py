#!/usr/bin/env python3
"""Puts the drawing page into one file, which needs no other and no network.

    assemble.py draw.html --wasm nib.wasm --model digits.safetensors -o build/draw.html

draw.html names its parts: style sheets, scripts, and elements with data-base64, whose contents are the bytes of --wasm
and --model. The page gets a policy that forbids it to load anything. The same parts give the same bytes.
"""

import argparse
import base64
import hashlib
import html
import pathlib
import re
import sys


def policy(styles, scripts):
    """What the page may do: run these scripts, compile WebAssembly, show images of its own."""

    def hashes(texts):
        return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in texts)

    rules = f"default-src 'none'; img-src data:; style-src {hashes(styles)}; "
    rules += f"script-src 'wasm-unsafe-eval' {hashes(scripts)}"
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def assemble(page, wasm, model, name):
    styles, scripts = [], []

    def inline(kept, tag):
        def replace(match):
            text = "\n" + (page.parent / match[1]).read_text(encoding="utf-8")
            if f"</{tag}" in text:
                sys.exit(f"assemble.py: {match[1]}: expected a part without </{tag}, which would end it")
            kept.append(text)
            return f"<{tag}>{text}</{tag}>"

        return replace

    contents = {"nib.wasm": wasm, "digits.safetensors": model}

    def embed(match):
        name_of = f' data-name="{html.escape(name)}"' if contents[match[2]] is model else ""
        return f"{match[1]}{name_of}>{base64.b64encode(contents[match[2]]).decode()}</script>"

    text = page.read_text(encoding="utf-8")
    text = re.sub(r'<link rel="stylesheet" href="([^"]+)">', inline(styles, "style"), text)
    text = re.sub(r'<script src="([^"]+)"></script>', inline(scripts, "script"), text)
    text = re.sub(r'(<script [^>]*?) data-base64="([^"]+)"></script>', embed, text)
    return text.replace('<meta charset="utf-8">', '<meta charset="utf-8">\n' + policy(styles, scripts), 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--wasm", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    text = assemble(options.page, options.wasm.read_bytes(), options.model.read_bytes(), options.model.name)
    options.output.write_text(text, encoding="utf-8", newline="\n")
    print(f"{options.output}: {len(text.encode())} bytes in one file")


if __name__ == "__main__":
    main()
