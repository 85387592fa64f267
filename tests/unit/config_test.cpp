// ModelConfig and tensor names, between config.json and GGUF's keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "ingot/model.h"
#include "models/architectures/all.h"

namespace ingot {
namespace {

using testing::HasSubstr;

Checkpoint with_config(std::string json) {
  Checkpoint checkpoint;
  checkpoint.path = "some/model";
  checkpoint.documents["config.json"] = std::move(json);
  return checkpoint;
}

std::string llama_json(const std::string& more = "") {
  return R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 2,
    "intermediate_size": 128, "num_attention_heads": 8, "num_key_value_heads": 2, "max_position_embeddings": 256,
    "rms_norm_eps": 1e-05, "tie_word_embeddings": false)" +
         more + "}";
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string message_for(const std::string& json) {
  return message_of([&] { ModelConfig::from(with_config(json)); });
}

std::string name_of(const std::optional<TensorName>& found) { return found ? found->name : "none"; }

TEST(Names, MapBothWays) {
  for (const auto& [architecture, huggingface, gguf] :
       std::vector<std::tuple<const Architecture*, std::string, std::string>>{
           {&llama, "model.embed_tokens.weight", "token_embd.weight"},
           {&llama, "model.norm.weight", "output_norm.weight"},
           {&mistral, "lm_head.weight", "output.weight"},
           {&llama, "model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight"},
           {&llama, "model.layers.12.self_attn.q_proj.weight", "blk.12.attn_q.weight"},
           {&qwen2, "model.layers.12.self_attn.k_proj.bias", "blk.12.attn_k.bias"},
           {&bitnet, "model.layers.7.self_attn.attn_sub_norm.weight", "blk.7.attn_sub_norm.weight"},
           {&bitnet, "model.layers.7.mlp.ffn_sub_norm.weight", "blk.7.ffn_sub_norm.weight"},
           {&old_bitnet, "model.layers.1.self_attn.inner_attn_ln.weight", "blk.1.attn_sub_norm.weight"},
           {&old_bitnet, "model.layers.1.self_attn.q_proj.weight", "blk.1.attn_q.weight"},
           {&gpt2, "transformer.wpe.weight", "position_embd.weight"},
           {&gpt2, "transformer.h.10.attn.c_attn.bias", "blk.10.attn_qkv.bias"},
           {&bert, "embeddings.LayerNorm.bias", "token_embd_norm.bias"},
           {&bert, "encoder.layer.5.attention.output.LayerNorm.weight", "blk.5.attn_output_norm.weight"},
           {&bert, "encoder.layer.5.output.dense.bias", "blk.5.ffn_down.bias"},
           {&qwen3_moe, "model.layers.3.mlp.gate.weight", "blk.3.ffn_gate_inp.weight"},
           {&llama, "model.layers.3.mlp.down_proj.weight", "blk.3.ffn_down.weight"}}) {
    EXPECT_EQ(name_of(gguf_name(*architecture, huggingface)), gguf);
    EXPECT_EQ(name_of(huggingface_name(*architecture, gguf)), huggingface);
  }
}

TEST(Names, OfExpertsHaveTheirNumber) {
  const auto found = gguf_name(mixtral, "model.layers.3.block_sparse_moe.experts.12.w1.weight");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "blk.3.ffn_gate_exps.weight");
  EXPECT_EQ(found->expert, 12);
  EXPECT_EQ(expert_name(huggingface_name(mixtral, found->name)->name, 12),
            "model.layers.3.block_sparse_moe.experts.12.w1.weight");
  for (const char* number : {"", "x", "-1", "01", "1.2", "99999999999999999999"})
    EXPECT_FALSE(gguf_name(mixtral, "model.layers.3.block_sparse_moe.experts." + std::string(number) + ".w1.weight"))
        << number;
}

TEST(Names, MayLackAnOptionalPrefix) {
  EXPECT_EQ(name_of(gguf_name(gpt2, "h.0.ln_1.weight")), "blk.0.attn_norm.weight");
  EXPECT_EQ(name_of(gguf_name(gpt2, "wte.weight")), "token_embd.weight");
  EXPECT_EQ(name_of(gguf_name(gpt2, "lm_head.weight")), "output.weight");
  EXPECT_TRUE(is_ignored(gpt2, "h.0.attn.bias"));
  EXPECT_FALSE(is_ignored(gpt2, "h.0.attn.c_attn.bias"));
}

TEST(Names, OthersHaveNone) {
  for (const char* name : {"", ".", "model", "model.layers.1", "model.layers..self_attn.q_proj.weight",
                           "model.layers.x.self_attn.q_proj.weight", "model.layers.1.self_attn.q_proj",
                           "model.layers.1.self_attn.q_proj.bias", "model.layers.1.self_attn.attn_sub_norm.weight",
                           "model.embed_tokens.weight.more", "blk.0.attn_q.weight"})
    EXPECT_EQ(name_of(gguf_name(llama, name)), "none") << name;
  for (const char* name : {"", "blk.0", "blk.0.weight", "blk..attn_q.weight", "rope_freqs.weight"})
    EXPECT_EQ(name_of(huggingface_name(llama, name)), "none") << name;
}

// A row that two others could be taken for would convert one of them into nothing.
TEST(Names, AreDistinctInEveryArchitecture) {
  for (const Architecture* architecture : architectures())
    for (const auto rows : {architecture->tensors, architecture->layer_tensors}) {
      std::set<std::string_view> gguf, huggingface;
      for (const TensorRow& row : rows) {
        EXPECT_TRUE(gguf.insert(row.gguf).second) << architecture->huggingface_class << " " << row.gguf;
        EXPECT_TRUE(huggingface.insert(row.huggingface).second) << architecture->huggingface_class << " " << row.gguf;
      }
    }
}

TEST(Config, ReadsOldAndNewRopeKeys) {
  const ModelConfig before = ModelConfig::from(
      with_config(llama_json(R"(, "rope_theta": 500000.0, "rope_scaling": {"type": "linear", "factor": 2.0})")));
  const ModelConfig after = ModelConfig::from(with_config(
      llama_json(R"(, "rope_parameters": {"rope_theta": 500000.0, "rope_type": "linear", "factor": 2.0})")));
  for (const ModelConfig& config : {before, after}) {
    EXPECT_EQ(config.rope_base, 500000);
    EXPECT_EQ(config.rope_scaling.kind, RopeScaling::Kind::linear);
    EXPECT_EQ(config.rope_scaling.factor, 2);
    EXPECT_EQ(config.head_size, 8);
    EXPECT_EQ(config.rope_layout, RopeLayout::half_split);
  }
}

TEST(Config, ErrorsNameFileAndKey) {
  EXPECT_THAT(message_for("{"), HasSubstr("some/model/config.json: not valid JSON"));
  EXPECT_THAT(message_for("[]"), HasSubstr("some/model/config.json: an object was expected"));
  EXPECT_THAT(message_for("{}"), HasSubstr("key 'architectures' is missing"));
  EXPECT_THAT(message_for(R"({"architectures": "Llama"})"), HasSubstr("'architectures' is \"Llama\""));
  EXPECT_THAT(message_for(R"({"architectures": ["FalconForCausalLM"]})"), HasSubstr("'FalconForCausalLM'"));
  EXPECT_THAT(message_for(llama_json(R"(, "hidden_size": "64")")), HasSubstr("'hidden_size'"));
  EXPECT_THAT(message_for(llama_json(R"(, "attention_bias": true)")), HasSubstr("attention_bias"));
  EXPECT_THAT(message_for(llama_json(R"(, "rope_scaling": {"rope_type": "yarn", "factor": 4})")), HasSubstr("'yarn'"));
  EXPECT_THAT(message_for(llama_json(R"(, "num_key_value_heads": 3)")), HasSubstr("8 heads are not a multiple of 3"));
  EXPECT_THAT(message_for(llama_json(R"(, "num_key_value_heads": 0)")), HasSubstr("number of key heads is 0"));
  EXPECT_THAT(message_for(llama_json(R"(, "head_dim": 7)")), HasSubstr("7 rotary elements in heads of 7"));
  EXPECT_THAT(message_for(llama_json(R"(, "num_attention_heads": 0)")), HasSubstr("number of heads is 0"));
  EXPECT_THAT(message_for(llama_json(R"(, "quantization_config": {"quant_method": "gptq"})")), HasSubstr("'gptq'"));
}

TEST(Config, SurvivesTheWayThroughGguf) {
  ModelConfig config = ModelConfig::from(with_config(llama_json(
      R"(, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
           "original_max_position_embeddings": 64}, "sliding_window": 16)")));
  Checkpoint gguf;
  config.to_metadata(gguf.metadata);
  const Ref<Storage> storage = Storage::allocate(100 * 64 * 4);
  gguf.add({.name = "output.weight", .tensor = Tensor::view_of(storage, 0, {100, 64}, DType::f32)});
  const ModelConfig back = ModelConfig::from(gguf);
  EXPECT_EQ(back.architecture, "llama");
  EXPECT_EQ(back.huggingface_class, "LlamaForCausalLM");
  EXPECT_EQ(back.hidden_size, 64);
  EXPECT_EQ(back.layers, 2);
  EXPECT_EQ(back.ffn_size, 128);
  EXPECT_EQ(back.heads, 8);
  EXPECT_EQ(back.kv_heads, 2);
  EXPECT_EQ(back.head_size, 8);
  EXPECT_EQ(back.vocab_size, 100);
  EXPECT_EQ(back.context_length, 256);
  EXPECT_FLOAT_EQ(static_cast<float>(back.norm_epsilon), 1e-5f);
  EXPECT_EQ(back.rope_scaling, config.rope_scaling);
  EXPECT_FALSE(back.tied_embeddings);
  EXPECT_EQ(back.rope_layout, RopeLayout::interleaved);
}

// Meta's apply_scaling (llama-models, llama3/model.py), written out over wavelengths.
TEST(Config, Llama3FrequenciesHaveThreeRegions) {
  ModelConfig config;
  config.rope_size = 64;
  config.rope_base = 10000;
  config.rope_scaling = {RopeScaling::Kind::llama3, 8, 1, 4, 256};
  const Tensor actual = config.inverse_frequencies();
  int kept = 0, divided = 0, blended = 0;
  for (int i = 0; i < 32; ++i) {
    const double frequency = 1 / std::pow(10000.0, 2.0 * i / 64), wavelength = 2 * M_PI / frequency;
    double expected = frequency;
    if (wavelength > 256.0 / 1)
      expected = frequency / 8, ++divided;
    else if (wavelength < 256.0 / 4)
      ++kept;
    else {
      const double smooth = (256 / wavelength - 1) / (4 - 1);
      expected = (1 - smooth) * frequency / 8 + smooth * frequency;
      ++blended;
    }
    EXPECT_FLOAT_EQ(actual.data<float>()[i], static_cast<float>(expected)) << i;
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(divided, 0);
  EXPECT_GT(blended, 0);
}

TEST(Config, BitNetKinds) {
  const std::string base = R"(, "hidden_act": "relu2")";
  const auto bitnet = [&](const std::string& more) {
    std::string json = llama_json(more);
    json.replace(json.find("LlamaForCausalLM"), 16, "BitNetForCausalLM");
    return ModelConfig::from(with_config(json));
  };
  EXPECT_EQ(bitnet(base).architecture, "bitnet-b1.58");
  EXPECT_EQ(bitnet(R"(, "hidden_act": "silu")").architecture, "bitnet");
  EXPECT_EQ(bitnet(base).bit_linear, BitLinear::master);
  const ModelConfig packed = bitnet(base + R"(, "quantization_config": {"quant_method": "bitnet"})");
  EXPECT_EQ(packed.bit_linear, BitLinear::ternary);
  EXPECT_FALSE(packed.scale_multiplies);
  const ModelConfig online = bitnet(base + R"(, "quantization_config": {"quant_method": "bitnet",
      "linear_class": "autobitlinear", "quantization_mode": "online"})");
  EXPECT_EQ(online.bit_linear, BitLinear::master);
  EXPECT_TRUE(online.scale_multiplies);
}

// Only what every converter writes.
Checkpoint gguf_of(const std::string& architecture, std::uint32_t layers) {
  Checkpoint checkpoint;
  checkpoint.path = "some.gguf";
  Metadata& meta = checkpoint.metadata;
  meta.set("general.architecture", architecture);
  for (const auto& [key, value] : std::vector<std::pair<const char*, std::uint32_t>>{{"vocab_size", 100},
                                                                                     {"context_length", 256},
                                                                                     {"embedding_length", 64},
                                                                                     {"block_count", layers},
                                                                                     {"feed_forward_length", 128},
                                                                                     {"attention.head_count", 4},
                                                                                     {"attention.key_length", 32}})
    meta.set(architecture + "." + key, value);
  meta.set(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
  return checkpoint;
}

TEST(Config, FilesByOthersGetLlamaCppsDefaults) {
  const ModelConfig gemma2_9b = ModelConfig::from(gguf_of("gemma2", 42));
  EXPECT_EQ(gemma2_9b.huggingface_class, "Gemma2ForCausalLM");
  EXPECT_EQ(gemma2_9b.query_pre_attn_scalar, 32);  // the head size
  EXPECT_EQ(gemma2_9b.attention_softcap, 50);
  EXPECT_EQ(gemma2_9b.logit_softcap, 30);
  EXPECT_EQ(gemma2_9b.sliding_window, 4096);
  EXPECT_TRUE(gemma2_9b.has_window(0));
  EXPECT_FALSE(gemma2_9b.has_window(1));
  EXPECT_EQ(ModelConfig::from(gguf_of("gemma2", 46)).query_pre_attn_scalar, 16);  // hidden size / heads
  EXPECT_EQ(ModelConfig::from(gguf_of("gemma3", 46)).query_pre_attn_scalar, 32);
  EXPECT_EQ(ModelConfig::from(gguf_of("gemma3", 62)).query_pre_attn_scalar, 16);
  EXPECT_EQ(ModelConfig::from(gguf_of("gemma3", 26)).local_rope_base, 10000);
  EXPECT_FALSE(ModelConfig::from(gguf_of("gemma3", 26)).has_window(0));  // without attention.sliding_window

  Checkpoint windowed = gguf_of("gemma3", 26);
  windowed.metadata.set("gemma3.attention.sliding_window", std::uint32_t{512});
  EXPECT_TRUE(ModelConfig::from(windowed).has_window(4));
  EXPECT_FALSE(ModelConfig::from(windowed).has_window(5));

  Checkpoint mistral_file = gguf_of("llama", 2);
  EXPECT_EQ(ModelConfig::from(mistral_file).huggingface_class, "LlamaForCausalLM");
  mistral_file.metadata.set("llama.attention.sliding_window", std::uint32_t{8});
  EXPECT_EQ(ModelConfig::from(mistral_file).huggingface_class, "MistralForCausalLM");
  EXPECT_THAT(message_of([] { ModelConfig::from(gguf_of("mamba", 2)); }), HasSubstr("'mamba'"));

  Checkpoint phi = gguf_of("phi3", 2);
  phi.metadata.set("phi3.rope.scaling.type", std::string("longrope"));
  phi.metadata.set("phi3.rope.scaling.original_context_length", std::uint32_t{64});
  EXPECT_THAT(message_of([&] { ModelConfig::from(phi); }), HasSubstr("'rope_factors_long.weight' is missing"));
}

TEST(Config, WhatArchitecturesRefuse) {
  const auto message = [](const char* name, const std::string& more) {
    std::string json = llama_json(more);
    json.replace(json.find("LlamaForCausalLM"), 16, name);
    return message_for(json);
  };
  EXPECT_THAT(message("Gemma3ForCausalLM", R"(, "layer_types": ["full_attention", "sliding_attention"])"),
              HasSubstr("layer_types without a period, at layer 1"));
  EXPECT_THAT(message("Gemma2ForCausalLM", R"(, "layer_types": ["full_attention", "full_attention"])"),
              HasSubstr("a period of 1"));
  EXPECT_THAT(message("Gemma3ForCausalLM", R"(, "use_bidirectional_attention": true)"),
              HasSubstr("use_bidirectional_attention"));
  EXPECT_THAT(message("Gemma2ForCausalLM", R"(, "hidden_activation": "silu")"), HasSubstr("hidden_activation 'silu'"));
  EXPECT_THAT(message("Gemma2ForCausalLM", R"(, "attn_logit_softcapping": -1)"), HasSubstr("soft cap"));
  EXPECT_THAT(message("Qwen2ForCausalLM", R"(, "use_sliding_window": true, "max_window_layers": 1)"),
              HasSubstr("use_sliding_window"));
  EXPECT_EQ(message("Qwen2ForCausalLM", R"(, "use_sliding_window": true, "max_window_layers": 2)"), "no error");
  EXPECT_THAT(message("Phi3ForCausalLM", R"(, "rope_scaling": {"type": "longrope", "short_factor": [1, 1],
      "long_factor": [1, 1, 1, 1]}, "original_max_position_embeddings": 64)"),
              HasSubstr("longrope with 2 factors, 4 positive ones"));
  EXPECT_THAT(message("Phi3ForCausalLM", R"(, "partial_rotary_factor": 1.5)"), HasSubstr("partial_rotary_factor 1.5"));
  EXPECT_THAT(message("LlamaForCausalLM", R"(, "partial_rotary_factor": 0.5)"), HasSubstr("partial_rotary_factor"));
}

}  // namespace
}  // namespace ingot
