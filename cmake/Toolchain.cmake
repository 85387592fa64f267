# ingot_options: what every target of ours compiles with. Warnings are errors.
add_library(ingot_options INTERFACE)
target_compile_options(ingot_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wno-missing-field-initializers  # designated initializers leave the rest at their defaults on purpose
  -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping copies in std::string's own operator+ (GCC bug 105651).
  target_compile_options(ingot_options INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's stable_sort uses what the same library calls deprecated.
  target_compile_options(ingot_options INTERFACE -Wno-deprecated-declarations)
endif()
if(INGOT_SANITIZE)
  target_compile_options(ingot_options INTERFACE -fsanitize=${INGOT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(ingot_options INTERFACE -fsanitize=${INGOT_SANITIZE})
  target_compile_definitions(ingot_options INTERFACE INGOT_SANITIZE)
  if(INGOT_SANITIZE MATCHES fuzzer AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(ingot_options INTERFACE -fuse-ld=lld)  # 0.6 s a program instead of 2
  endif()
  if(INGOT_SANITIZE MATCHES undefined)
    target_compile_options(ingot_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()

find_program(INGOT_CCACHE ccache)
if(INGOT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${INGOT_CCACHE})
endif()
# mold 1.10 (Debian 12) begins the read-only-after-relocation segment at a small .tbss, in a page that is not mapped:
# some programs then die in the loader with "cannot apply additional memory protection after relocation".
find_program(INGOT_MOLD mold)
if(INGOT_MOLD AND NOT APPLE)
  execute_process(COMMAND ${INGOT_MOLD} --version OUTPUT_VARIABLE mold_version)
  if(mold_version MATCHES "mold ([0-9.]+)" AND CMAKE_MATCH_1 VERSION_GREATER_EQUAL 2)
    target_link_options(ingot_options INTERFACE -fuse-ld=mold)
  endif()
endif()
