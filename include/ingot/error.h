// The one exception type of the library.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace [[gnu::visibility("default")]] ingot {

enum class ErrorCode {
  invalid_argument,  // a value the operation does not take
  shape_mismatch,    // shapes that do not fit each other
  dtype_mismatch,    // element types that do not fit each other or the operation
  out_of_range,      // an index or axis outside its bounds
  not_found,         // a file, tensor or key that is absent
  invalid_file,      // bytes that break their format's rules
  io,                // the operating system refused to read or write
  out_of_memory,     // an allocation was refused
  not_implemented,   // a cell that is not built yet
  internal,          // a broken promise of this library
};

/// "invalid_argument", "shape_mismatch", …
std::string_view to_string(ErrorCode code) noexcept;

/// What every failing function of the library throws. `what()` is "operation: message".
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string_view operation, std::string_view message);

  ErrorCode code() const noexcept { return code_; }
  const std::string& operation() const noexcept { return operation_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  ErrorCode code_;
  std::string operation_, message_, what_;
};

/// Thrown by name where something is not built; its code is `not_implemented`.
class NotImplemented : public Error {
 public:
  NotImplemented(std::string_view operation, std::string_view message)
      : Error(ErrorCode::not_implemented, operation, message) {}
};

}  // namespace ingot
