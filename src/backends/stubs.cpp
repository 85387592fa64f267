#include "device/kernel_table.h"
namespace ingot { void register_reference(KernelTable&) {} void register_cpu(KernelTable&) {} }
