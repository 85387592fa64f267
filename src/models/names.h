// Tensor names: Hugging Face ↔ GGUF. GGUF's are the ones used inside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingot {

/// "model.layers.3.self_attn.q_proj.weight" → "blk.3.attn_q.weight"; none for a name outside the table.
std::optional<std::string> gguf_name(std::string_view huggingface);

/// The inverse. `old_bitnet`: 1bitLLM's names of the sub-norms (inner_attn_ln, ffn_layernorm).
std::optional<std::string> huggingface_name(std::string_view gguf, bool old_bitnet = false);

}  // namespace ingot
