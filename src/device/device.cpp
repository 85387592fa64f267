#include "ingot/device.h"

#include "core/fail.h"
#include "device/backend.h"

namespace ingot {

std::string to_string(Device device) {
  switch (device.type) {
    case DeviceType::cpu: return "cpu";
    case DeviceType::cuda: return "cuda:" + std::to_string(device.index);
    case DeviceType::metal: return "metal:" + std::to_string(device.index);
  }
  return "unknown";
}

std::vector<Device> devices() { return {cpu_device}; }

Backend& backend_of(Device device) {
  if (device == cpu_device) return cpu_backend();
  fail(ErrorCode::not_found, "device", "{} is not present", to_string(device));
}

const Capabilities& capabilities(Device device) { return backend_of(device).capabilities(); }

}  // namespace ingot
