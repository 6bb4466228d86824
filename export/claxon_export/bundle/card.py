"""Generates the model card, the README.md inside a bundle, from the manifest."""

from __future__ import annotations

from collections.abc import Mapping

from claxon.bundle.manifest import Comparison, EncoderSpec, GraphVariant, HeadSpec, Manifest, Parity

USAGE = """\
## Use

```python
import claxon

{lines}
```
"""


def model_card(manifest: Manifest) -> str:
    """Return the card as Markdown, with the front matter that model hubs read."""
    source = manifest.provenance.source
    revision = f" at commit `{manifest.provenance.revision}`" if manifest.provenance.revision else ""
    parts = [
        f"{_front_matter(manifest)}# {source.rsplit('/', 1)[-1]}, a Claxon bundle",
        f"Made from `{source}`{revision} by Claxon {manifest.provenance.tools.get('claxon', 'of an unknown version')}. "
        "It runs on ONNX Runtime, without PyTorch.",
        _license(manifest.provenance.license),
        USAGE.format(lines="\n".join(_usage(manifest))).rstrip(),
        "## Encoder\n\n" + _encoder(manifest.encoder),
        *(["## Heads\n\n" + "\n".join(_head(head) for head in manifest.heads)] if manifest.heads else []),
        "## Parity with the source\n\n"
        + "\n\n".join([*map(_variant_parity, manifest.encoder.variants), *_heads(manifest)]),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(manifest: Manifest) -> str:
    """Return the front matter that model hubs index; a folder's name is not a model id."""
    lines = [
        "library_name: claxon",
        f"pipeline_tag: {'text-classification' if manifest.heads else 'sentence-similarity'}",
        *([f"license: {_license_tag(manifest.provenance.license)}"] if manifest.provenance.license else []),
        *([f"base_model: {manifest.provenance.source}"] if manifest.provenance.revision else []),
    ]
    return "\n".join(["---", *lines, "---", ""])


def _license_tag(name: str) -> str:
    return f"[{name}]" if "," in name else name


def _license(name: str | None) -> str:
    """Describe the license: weights have that of the source, heads that of whoever trained them."""
    if name is None:
        return "The source's card names no license: ask its authors how its weights may be used."
    return f"The source's card names the license `{name}`, which applies to its weights."


def _usage(manifest: Manifest) -> list[str]:
    if not manifest.heads:
        return ['encoder = claxon.Encoder.load("path/to/this/folder")', 'encoder.encode(["some text"])']
    return [
        f'clf = claxon.load("path/to/this/folder", head="{manifest.heads[0].name}")',
        'clf.predict(["some text"])',
    ]


def _encoder(encoder: EncoderSpec) -> str:
    features = ", ".join(f"`{name}` ({width})" for name, width in encoder.features.items())
    rows = {
        "architecture": f"{encoder.architecture}, {encoder.layers} layers, width {encoder.width}",
        "parameters": f"{encoder.parameters:,}",
        "features": features,
        "sentence embedding": f"`{encoder.default_feature}`" if encoder.default_feature else "none",
        "longest text": f"{encoder.max_tokens} tokens, special tokens included; longer texts are truncated",
        "precisions": ", ".join(variant.precision for variant in encoder.variants),
    }
    return _table(rows)


def _head(head: HeadSpec) -> str:
    labels = ", ".join(f"`{label}`" for label in head.labels)
    return f"- **{head.name}**: {head.kind} on `{head.feature}`, {head.scores} of {labels}"


def _variant_parity(variant: GraphVariant) -> str:
    if variant.parity is None:
        return f"**{variant.precision}: not verified.** It was exported with `--no-verify`."
    return f"{variant.precision}, {_parity(variant.parity)}"


def _heads(manifest: Manifest) -> list[str]:
    return [f"head {head.name}, {_parity(head.parity)}" for head in manifest.heads if head.parity is not None]


def _parity(parity: Parity) -> str:
    rows = [_row(comparison) for comparison in parity.comparisons]
    head = f"{parity.texts} texts against {parity.source} (texts' SHA-256 `{parity.texts_sha256[:16]}…`):"
    titles = "| output | largest difference | mean cosine | worst cosine | labels equal |"
    return head + "\n\n" + "\n".join([titles, "|---|---|---|---|---|", *rows])


def _row(comparison: Comparison) -> str:
    cosines = ["" if value is None else f"{value:.7f}" for value in (comparison.mean_cosine, comparison.min_cosine)]
    labels = "" if comparison.label_agreement is None else f"{comparison.label_agreement:.2%}"
    return f"| {comparison.output} | {comparison.max_abs_difference:.1e} | {' | '.join(cosines)} | {labels} |"


def _table(rows: Mapping[str, str]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())])
