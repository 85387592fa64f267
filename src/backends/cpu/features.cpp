#include "backends/cpu/features.h"
namespace ingot { const CpuFeatures& cpu_features() noexcept { static const CpuFeatures f; return f; } Capabilities detect_cpu() { return {}; } }
