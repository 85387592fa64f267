#include "backends/cpu/features.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "ingot/device.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace ingot {
namespace {

#if defined(__x86_64__)

struct Cpuid {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Cpuid cpuid(unsigned leaf, unsigned subleaf = 0) noexcept {
  Cpuid r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);  // zeros past the highest leaf
  return r;
}

bool bit(unsigned word, int index) noexcept { return word >> index & 1u; }

/// XCR0: the register states the operating system saves. XGETBV by its bytes, as it needs no compiler flag.
std::uint64_t saved_states() noexcept {
  if (!bit(cpuid(1).ecx, 27)) return 0;  // OSXSAVE
  unsigned low, high;
  __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

CpuFeatures detect() noexcept {
  // Intel SDM vol. 2, CPUID leaves 1 and 7; vol. 1, 13.3: XCR0 bits 1–2 ymm, 5–7 zmm and masks, 17–18 tiles.
  const std::uint64_t saved = saved_states();
  const bool ymm = (saved & 0x6) == 0x6, zmm = ymm && (saved & 0xE0) == 0xE0;
  const bool tiles = (saved & 0x60000) == 0x60000;
  const Cpuid one = cpuid(1), seven = cpuid(7, 0), seven1 = cpuid(7, 1);
  CpuFeatures f;
  f.avx2 = ymm && bit(seven.ebx, 5);
  f.fma = ymm && bit(one.ecx, 12);
  f.f16c = ymm && bit(one.ecx, 29);
  f.avx_vnni = ymm && bit(seven1.eax, 4);
  f.avx512 = zmm && bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31);
  f.avx512_vnni = f.avx512 && bit(seven.ecx, 11);
  f.avx512_vbmi = f.avx512 && bit(seven.ecx, 1);
  f.amx_int8 = tiles && bit(seven.edx, 24) && bit(seven.edx, 25);
  return f;
}

std::string cpu_name() {
  char brand[49] = {};
  if (cpuid(0x80000000).eax < 0x80000004) return "x86-64";
  for (unsigned i = 0; i < 3; ++i) {
    const Cpuid r = cpuid(0x80000002 + i);
    const unsigned words[] = {r.eax, r.ebx, r.ecx, r.edx};
    std::memcpy(brand + 16 * i, words, 16);
  }
  std::string name(brand);
  name.erase(name.find_last_not_of(' ') + 1);
  return name.empty() ? "x86-64" : name;
}

#elif defined(__aarch64__)

CpuFeatures detect() noexcept {
  CpuFeatures f;
  f.neon = true;
#if defined(__linux__)
  const unsigned long caps = getauxval(AT_HWCAP), caps2 = getauxval(AT_HWCAP2);
  f.fp16 = caps >> 10 & 1;     // HWCAP_ASIMDHP
  f.dotprod = caps >> 20 & 1;  // HWCAP_ASIMDDP
  f.i8mm = caps2 >> 13 & 1;    // HWCAP2_I8MM
#else
  f.fp16 = f.dotprod = true;  // every Apple processor for arm64 macOS has both
#endif
  return f;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name") || line.starts_with("Model"))
      if (const auto colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "arm64";
}

#else

CpuFeatures detect() noexcept { return {}; }
std::string cpu_name() { return "cpu"; }

#endif

/// INGOT_CPU lowers the features; a level the machine lacks, or an unknown word, changes nothing.
CpuFeatures lowered(CpuFeatures f) noexcept {
  const char* value = std::getenv("INGOT_CPU");
  const std::string_view level = value ? value : "";
  if (level == "baseline") return {};
  if (level == "avx2") f.avx512 = f.avx512_vnni = f.avx512_vbmi = f.avx_vnni = f.amx_int8 = false;
  if (level == "avx512") f.avx512_vnni = f.avx512_vbmi = f.avx_vnni = f.amx_int8 = false;
  if (level == "avx512-vnni") f.amx_int8 = false;
  return f;
}

int usable_threads() noexcept {
#if defined(__linux__)
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

/// Bytes of MemAvailable in /proc/meminfo; 0 where there is none.
std::size_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string key, unit; file >> key;) {
    std::size_t kilobytes = 0;
    file >> kilobytes;
    std::getline(file, unit);
    if (key == "MemAvailable:") return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

const CpuFeatures& cpu_features() noexcept {
  static const CpuFeatures features = lowered(detect());
  return features;
}

std::string_view to_string(InstructionSet set) noexcept {
  switch (set) {
    case InstructionSet::baseline: return "baseline";
    case InstructionSet::neon_dotprod: return "neon-dotprod";
    case InstructionSet::avx2: return "avx2";
    case InstructionSet::avx512: return "avx512";
    case InstructionSet::avx512_vnni: return "avx512-vnni";
  }
  return "unknown";
}

bool supports(InstructionSet set) noexcept {
  const CpuFeatures& f = cpu_features();
  const bool avx2 = f.avx2 && f.fma && f.f16c;
  switch (set) {
    case InstructionSet::baseline: return true;
    case InstructionSet::neon_dotprod: return f.neon && f.dotprod;
    case InstructionSet::avx2: return avx2;
    case InstructionSet::avx512: return avx2 && f.avx512;
    case InstructionSet::avx512_vnni: return avx2 && f.avx512_vnni;
  }
  return false;
}

InstructionSet instruction_set() noexcept {
  static const InstructionSet best = [] {
    InstructionSet found = InstructionSet::baseline;
    for (const auto set :
         {InstructionSet::neon_dotprod, InstructionSet::avx2, InstructionSet::avx512, InstructionSet::avx512_vnni})
      if (supports(set)) found = set;
    return found;
  }();
  return best;
}

Capabilities detect_cpu() {
  const CpuFeatures& f = cpu_features();
  Capabilities c;
  c.name = cpu_name();
  c.instruction_set = to_string(instruction_set());
  const std::pair<bool, const char*> bits[] = {{f.avx2, "avx2"},
                                               {f.fma, "fma"},
                                               {f.f16c, "f16c"},
                                               {f.avx512, "avx512"},
                                               {f.avx512_vnni, "avx512-vnni"},
                                               {f.avx512_vbmi, "avx512-vbmi"},
                                               {f.avx_vnni, "avx-vnni"},
                                               {f.amx_int8, "amx-int8"},
                                               {f.neon, "neon"},
                                               {f.dotprod, "dotprod"},
                                               {f.i8mm, "i8mm"},
                                               {f.fp16, "fp16"}};
  for (const auto& [present, name] : bits)
    if (present) c.features.emplace_back(name);
  c.threads = usable_threads();
  c.memory_bytes =
      static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  c.available_bytes = available_memory();
  return c;
}

}  // namespace ingot
