// What an error must say.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "ingot/error.h"

namespace ingot::testing {

/// `f` throws an Error of `code` whose text names the operation and contains every one of `parts`.
template <class F>
void expect_error(ErrorCode code, const std::string& operation, std::initializer_list<const char*> parts, F&& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    EXPECT_EQ(error.operation(), operation) << error.what();
    for (const char* part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << "\"" << part << "\" in: " << error.what();
    return;
  }
  ADD_FAILURE() << operation << " raised no error";
}

}  // namespace ingot::testing
