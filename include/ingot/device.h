// Where storage lives and what a device can do.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace [[gnu::visibility("default")]] ingot {

enum class DeviceType : std::uint8_t { cpu, cuda, metal };

struct Device {
  DeviceType type = DeviceType::cpu;
  std::int16_t index = 0;
  auto operator<=>(const Device&) const = default;
};

inline constexpr Device cpu_device{};

/// "cpu", "cuda:0", …
std::string to_string(Device device);

struct Capabilities {
  std::string name;                   // as the hardware names itself
  std::string instruction_set;        // what the kernels chose: "avx512-vnni", "avx2", "neon-dotprod", …
  std::vector<std::string> features;  // cpuid / hwcap bits the kernels ask for, those present
  int threads = 1;                    // hardware threads usable by this process
  std::size_t memory_bytes = 0;       // total
  std::size_t available_bytes = 0;    // free now
};

/// A point in a device's queue of work. The CPU's work is done when its call returns: ticket 0 is always reached.
struct Event {
  std::uint64_t ticket = 0;
};

/// An ordered queue of work on a device; 0 is the default stream, the only one a CPU has.
struct Stream {
  Device device;
  std::uint32_t id = 0;
};

/// Devices present, the CPU first.
std::vector<Device> devices();
/// Throws not_found for a device that is not present.
const Capabilities& capabilities(Device device);

/// Threads that operations use from now on in this process; n ≥ 1. Results do not depend on it.
void set_num_threads(int n);
int num_threads() noexcept;

}  // namespace ingot
