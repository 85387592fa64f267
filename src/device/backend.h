// The services of a device: memory, streams, copies, capabilities. What computes is its column of the kernel table.
#pragma once

#include <cstddef>

#include "device/kernel_table.h"
#include "ingot/device.h"

namespace ingot {

class Backend {
 public:
  virtual ~Backend() = default;

  virtual Column column() const noexcept = 0;
  virtual const Capabilities& capabilities() = 0;

  /// Aligned to 64 bytes; throws out_of_memory. 0 bytes give null.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* data, std::size_t bytes) noexcept = 0;
  virtual bool host_accessible() const noexcept = 0;

  /// In the order of `stream`; either side may be host memory.
  virtual void copy(void* destination, const void* source, std::size_t bytes, Stream stream) = 0;
  virtual Stream create_stream() = 0;
  virtual void destroy_stream(Stream stream) noexcept = 0;
  /// The event is reached when everything queued before it is done.
  virtual Event record(Stream stream) = 0;
  virtual bool reached(Event event) = 0;
  /// Blocks; throws what went wrong in the work before it.
  virtual void wait(Event event) = 0;
  virtual void synchronize(Stream stream) = 0;
};

/// Throws not_found for a device that is not present.
Backend& backend_of(Device device);
Backend& cpu_backend();  // src/backends/cpu

}  // namespace ingot
