# ingot_options: what every target of ours compiles with. Warnings are errors.
add_library(ingot_options INTERFACE)
target_compile_options(ingot_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers  # designated initializers leave the rest at their defaults on purpose
  -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping copies in std::string's own operator+ (GCC bug 105651).
  target_compile_options(ingot_options INTERFACE -Wno-restrict)
endif()
if(INGOT_SANITIZE)
  target_compile_options(ingot_options INTERFACE -fsanitize=${INGOT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(ingot_options INTERFACE -fsanitize=${INGOT_SANITIZE})
  if(INGOT_SANITIZE MATCHES undefined)
    target_compile_options(ingot_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()

find_program(INGOT_CCACHE ccache)
if(INGOT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${INGOT_CCACHE})
endif()
find_program(INGOT_MOLD mold)
if(INGOT_MOLD AND NOT APPLE)
  target_link_options(ingot_options INTERFACE -fuse-ld=mold)
endif()
