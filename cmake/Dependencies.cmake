# Everything comes from the system's package manager (./dev setup); docs/dependencies.md says what each is for.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(TBB REQUIRED)
find_package(hwy REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(ZLIB REQUIRED)
if(NOT APPLE)  # which has Accelerate
  pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
  # None of its headers is included: their folder would only make every file's command line the machine's.
  set_target_properties(PkgConfig::OPENBLAS PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "")
endif()
find_package(nlohmann_json REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
# Its flag matters on Windows only; here it would only change the command line of every file.
set_target_properties(PkgConfig::UTF8PROC PROPERTIES INTERFACE_COMPILE_OPTIONS "" INTERFACE_COMPILE_DEFINITIONS "")
pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)
if(INGOT_BUILD_CLI)
  find_package(CLI11 REQUIRED)
endif()
