"""Every key of the files that transformers 4 and 5 and sentence-transformers read: honoured, harmless, or refused.

Honoured: Claxon reads it and the bundle obeys. Harmless: it changes no number that the encoder or its classifier gives
for a text (training, generation, decoding, bookkeeping). Refused: it would change one, and a bundle cannot say it; the
entry gives the value that does no harm and the cure. A key that is in none of them was never looked into.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refused:
    """A key that must have one of these values, or be absent or null; else ``cure`` says what to do."""

    allowed: tuple[Any, ...]
    cure: str


@dataclass(frozen=True, slots=True)
class Table:
    """The keys of one kind of file."""

    honoured: frozenset[str]
    harmless: frozenset[str]
    refused: Mapping[str, Refused] = field(default_factory=dict)

    def knows(self, key: str) -> bool:
        """Whether the key is in one of the three."""
        return key in self.honoured or key in self.harmless or key in self.refused


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RETRAIN = "a bundle cannot say it; export a checkpoint without it, or give --accept-unknown for it to leave it unread"
_FULL_PRECISION = "load the checkpoint in full precision, dequantize it, and save that"
_NO_CODE = (
    "it names the checkpoint's own Python code, which Claxon does not run; if transformers' class of the same "
    "model_type gives the right numbers, give --accept-unknown auto_map"
)

CONFIG = Table(
    honoured=_words("""model_type architectures id2label num_labels problem_type function_to_apply pad_token_id
        tokenizer_class vocab_size max_position_embeddings n_positions"""),
    harmless=_words("""_name_or_path name_or_path transformers_version torch_dtype dtype use_bfloat16 torchscript
        return_dict output_attentions output_hidden_states output_past use_cache gradient_checkpointing
        _attn_implementation attn_implementation _attn_implementation_autoset _attn_implementation_internal
        attention_implementation _commit_hash label2id _num_labels finetuning_task initializer_range initializer_factor
        hidden_dropout_prob attention_probs_dropout_prob attention_dropout dropout embedding_dropout mlp_dropout
        classifier_dropout classifier_dropout_prob qa_dropout seq_classif_dropout sinusoidal_pos_embds
        bos_token_id eos_token_id sep_token_id cls_token_id unk_token_id mask_token_id decoder_start_token_id
        forced_bos_token_id forced_eos_token_id prefix bad_words_ids begin_suppress_tokens suppress_tokens
        diversity_penalty do_sample early_stopping encoder_no_repeat_ngram_size exponential_decay_length_penalty
        length_penalty max_length min_length no_repeat_ngram_size num_beam_groups num_beams num_return_sequences
        output_scores remove_invalid_values repetition_penalty return_dict_in_generate temperature top_k top_p
        typical_p chunk_size_feed_forward cross_attention_hidden_size tie_encoder_decoder tie_word_embeddings
        tie_weights_ tf_legacy_loss sentence_transformers return_all_scores directionality pooler_fc_size
        pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type use_return_dict
        loss_type ignore_index reference_compile repad_logits_with_grad deterministic_flash_attn is_composition
        initializer_cutoff_factor model_max_length padding_side use_mems_eval mem_len license language
        generator_size generator_hidden_size adapters custom_heads tags library_name"""),
    refused={
        "quantization_config": Refused((), f"the checkpoint is quantized; {_FULL_PRECISION}"),
        "is_decoder": Refused((False,), "a decoder looks at what came before alone; export an encoder"),
        "is_encoder_decoder": Refused((False,), "an encoder with a decoder cannot be exported; give its encoder alone"),
        "add_cross_attention": Refused((False,), "export an encoder without cross-attention"),
        "pruned_heads": Refused(({},), _RETRAIN),
        "position_embedding_type": Refused(("absolute",), "relative positions of BERT have no graph writer"),
        "task_specific_params": Refused(({},), "write what it says of text-classification into config.json itself"),
        "auto_map": Refused(({},), _NO_CODE),
        "adapter_fusion": Refused((), _RETRAIN),
    },
)

_BERT = """hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act layer_norm_eps
    type_vocab_size"""
CONFIG_OF_MODEL: Mapping[str, frozenset[str]] = {
    "bert": _words(_BERT),
    "distilbert": _words("dim n_layers n_heads hidden_dim activation layer_norm_eps"),
    "mpnet": _words(f"{_BERT} relative_attention_num_buckets"),
    "roberta": _words(_BERT),
    "xlm-roberta": _words(_BERT),
    "camembert": _words(_BERT),
    "electra": _words(
        f"{_BERT} embedding_size summary_activation summary_last_dropout summary_type summary_use_proj "
        "summary_first_dropout"
    ),
    "albert": _words(
        f"{_BERT} embedding_size num_hidden_groups inner_group_num net_structure_type gap_size num_memory_blocks "
        "down_scale_factor"
    ),
    "deberta": _words(
        f"{_BERT} max_relative_positions pos_att_type position_biased_input relative_attention pooler_hidden_act "
        "pooler_hidden_size pooler_dropout legacy attention_head_size share_att_key norm_rel_ebd position_buckets"
    ),
    "deberta-v2": _words(
        f"{_BERT} max_relative_positions pos_att_type position_biased_input relative_attention pooler_hidden_act "
        "pooler_hidden_size pooler_dropout legacy attention_head_size share_att_key norm_rel_ebd position_buckets "
        "conv_kernel_size conv_act conv_groups embedding_size"
    ),
    "modernbert": _words(
        f"{_BERT} attention_bias classifier_activation classifier_bias classifier_pooling decoder_bias "
        "global_attn_every_n_layers global_rope_theta hidden_activation local_attention local_rope_theta mlp_bias "
        "norm_bias norm_eps rope_scaling sparse_pred_ignore_index sparse_prediction layer_types rope_parameters "
        "rope_theta"
    ),
}

_SPECIAL_TOKENS = """bos_token eos_token unk_token sep_token pad_token cls_token mask_token additional_special_tokens
    extra_special_tokens"""
TOKENIZER_CONFIG = Table(
    honoured=_words(f"""{_SPECIAL_TOKENS} tokenizer_class do_lower_case strip_accents tokenize_chinese_chars
        model_max_length max_len truncation_side added_tokens_decoder add_prefix_space"""),
    harmless=_words("""name_or_path special_tokens_map_file tokenizer_file vocab_file merges_file vocab merges
        processor_class from_slow legacy use_fast backend is_local local_files_only padding padding_side
        pad_to_multiple_of pad_token_type_id pad_to_max_length max_length stride truncation_strategy
        clean_up_tokenization_spaces chat_template model_input_names never_split clean_text wordpieces_prefix
        spaces_between_special_tokens errors trim_offsets sp_model_kwargs token keep_accents remove_space
        return_token_type_ids cls_token_box language license trust_remote_code cache_dir revision subfolder
        model_specific_special_tokens max_seq_len _commit_hash vocab_type do_lowercase add_special_tokens
        cls_token_id sep_token_id"""),
    refused={
        "split_special_tokens": Refused((False,), "a tokenizer.json cannot say it; set it to false"),
        "do_basic_tokenize": Refused((True,), "save the tokenizer as tokenizer.json, and set it to true"),
        "add_bos_token": Refused((), "write it into tokenizer.json's post_processor, and take the key out"),
        "add_eos_token": Refused((), "write it into tokenizer.json's post_processor, and take the key out"),
        "init_inputs": Refused(([],), "take it out, and save the tokenizer again"),
        "auto_map": Refused(({},), _NO_CODE),
        "fix_mistral_regex": Refused((False,), _RETRAIN),
        "truncation": Refused((True, "longest_first", "only_first"), "set it to true"),
    },
)
SPECIAL_TOKENS_MAP = Table(honoured=_words(_SPECIAL_TOKENS), harmless=frozenset())
TOKENIZER_JSON = Table(
    honoured=_words("truncation added_tokens normalizer pre_tokenizer post_processor model"),
    harmless=_words("version padding decoder"),
)
ADAPTER = Table(
    honoured=_words("""base_model_name_or_path task_type r lora_alpha rank_pattern alpha_pattern use_rslora
        modules_to_save target_modules"""),
    harmless=_words("""inference_mode lora_dropout init_lora_weights bias layers_to_transform layers_pattern
        exclude_modules revision auto_mapping peft_version loftq_config megatron_config megatron_core eva_config
        corda_config runtime_config qalora_group_size ensure_weight_tying target_parameters arrow_config"""),
    refused={
        "peft_type": Refused(("LORA",), "only LoRA can be merged"),
        "use_dora": Refused((False,), "DoRA cannot be merged here; merge it with PEFT's merge_and_unload"),
        "fan_in_fan_out": Refused((False,), "merge it with PEFT's merge_and_unload"),
        "lora_bias": Refused((False,), "merge it with PEFT's merge_and_unload"),
        "use_qalora": Refused((False,), "merge it with PEFT's merge_and_unload"),
        "alora_invocation_tokens": Refused((), "merge it with PEFT's merge_and_unload"),
        "trainable_token_indices": Refused((), "merge it with PEFT's merge_and_unload"),
        "layer_replication": Refused((), "merge it with PEFT's merge_and_unload"),
    },
)
MODULE = Table(honoured=_words("type path"), harmless=_words("idx name kwargs"))
TRANSFORMER = Table(
    honoured=_words("""max_seq_length do_lower_case tokenizer_args processor_kwargs config_args config_kwargs
        processing_kwargs model_args model_kwargs"""),
    harmless=_words("unpad_inputs tokenizer_name_or_path backend file_name cache_dir"),
    refused={
        "transformer_task": Refused(("feature-extraction",), "export a model that gives features"),
        "module_output_name": Refused(("token_embeddings",), "the module must give token_embeddings"),
        "modality_config": Refused(
            ({"text": {"method": "forward", "method_output_name": "last_hidden_state"}},),
            "only texts through the model's forward, its last_hidden_state, can be exported",
        ),
    },
)
# What is given to the model's from_pretrained.
MODEL_ARGUMENTS = Table(
    honoured=frozenset(),
    harmless=_words("""dtype torch_dtype attn_implementation device_map low_cpu_mem_usage add_pooling_layer cache_dir
        revision token local_files_only trust_remote_code subfolder use_safetensors provider export file_name"""),
    refused={
        name: Refused((False,), f"the model is loaded quantized; {_FULL_PRECISION}")
        for name in ("load_in_8bit", "load_in_4bit", "quantization_config")
    },
)
# What is given to the tokenizer when it is called.
CALL_ARGUMENTS = Table(
    honoured=_words("max_length"),
    harmless=_words("""padding pad_to_multiple_of return_tensors return_attention_mask return_token_type_ids
        padding_side stride verbose return_length"""),
    refused={
        "truncation": Refused((True, "longest_first", "only_first"), "texts must be cut at the limit: set it to true"),
        "add_special_tokens": Refused((True,), "a bundle's texts get the special tokens: set it to true"),
        "split_special_tokens": Refused((False,), "a tokenizer.json cannot say it; set it to false"),
    },
)
POOLING = Table(
    honoured=_words("""pooling_mode pooling_mode_cls_token pooling_mode_max_tokens pooling_mode_mean_tokens
        pooling_mode_mean_sqrt_len_tokens pooling_mode_weightedmean_tokens pooling_mode_lasttoken"""),
    harmless=_words("word_embedding_dimension embedding_dimension"),
    refused={"include_prompt": Refused((True,), "pooling without the prompt's tokens is not supported")},
)
DENSE = Table(
    honoured=_words("in_features out_features bias activation_function"),
    harmless=frozenset(),
    refused={
        "module_input_name": Refused(("sentence_embedding",), "only a Dense of the sentence embedding is supported"),
        "module_output_name": Refused(("sentence_embedding",), "only a Dense of the sentence embedding is supported"),
    },
)
LAYER_NORM = Table(honoured=_words("dimension"), harmless=frozenset())
NORMALIZE = Table(honoured=frozenset(), harmless=frozenset())
DROPOUT = Table(honoured=frozenset(), harmless=_words("dropout"))
SENTENCE_TRANSFORMERS = Table(
    honoured=_words("prompts default_prompt_name truncate_dim similarity_fn_name"),
    harmless=_words("__version__"),
    refused={"model_type": Refused(("SentenceTransformer",), "only a SentenceTransformer can be exported")},
)
