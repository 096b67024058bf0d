# How the program is linked; decided once, by trying.
#
# Sets SECLUDE_LINKAGE to the first of these that links a program which starts, throws and catches:
#   musl    static, against musl's libc.a (Debian: musl-dev). It starts sooner where CPUID is trapped, as
#           in virtual machines: src/cli/musl.cc says why, docs/benchmarks.md how much.
#   static  static, against glibc.
#   shared  like everything else; also with sanitizers, which have to be.
# Only the program: the libraries and tests are as CMake makes them.

set(SECLUDE_LINK "auto" CACHE STRING "How the program is linked: auto, musl, static or shared")
set_property(CACHE SECLUDE_LINK PROPERTY STRINGS auto musl static shared)

set(seclude_musl_specs /usr/lib/x86_64-linux-musl/musl-gcc.specs)
# musl's own description of how GCC links with it; it forgets what the unwinder needs.
set(seclude_flags_musl -specs=${seclude_musl_specs} -static -Wl,--eh-frame-hdr -Wl,--gc-sections)
set(seclude_flags_static -static -Wl,--gc-sections)
set(seclude_flags_shared)
# What a launch runs lies side by side (tools/order_launch).
set(seclude_order -Wl,-T,${PROJECT_SOURCE_DIR}/src/cli/launch_order.ld)
set(seclude_tried_musl ${PROJECT_SOURCE_DIR}/src/cli/musl.cc)

set(SECLUDE_LINKAGE shared)
if(NOT SECLUDE_SANITIZE AND NOT SECLUDE_FUZZ AND NOT SECLUDE_LINK STREQUAL "shared")
  set(candidates musl static)
  if(NOT SECLUDE_LINK STREQUAL "auto")
    set(candidates ${SECLUDE_LINK})
  endif()
  foreach(candidate ${candidates})
    if(candidate STREQUAL "musl" AND NOT (CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
                                          AND EXISTS ${seclude_musl_specs}))
      continue()
    endif()
    if(NOT DEFINED SECLUDE_STARTS_${candidate})
      # With the flags of the real build: a fortified program asks for more of libc.
      set(CMAKE_TRY_COMPILE_CONFIGURATION ${CMAKE_BUILD_TYPE})
      try_run(SECLUDE_STARTS_${candidate} SECLUDE_LINKS_${candidate}
              SOURCES ${PROJECT_SOURCE_DIR}/cmake/throws_and_catches.cc ${seclude_tried_${candidate}}
              LINK_OPTIONS ${seclude_flags_${candidate}} ${seclude_order}
              CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
    endif()
    if(SECLUDE_LINKS_${candidate} AND SECLUDE_STARTS_${candidate} EQUAL 0)
      set(SECLUDE_LINKAGE ${candidate})
      break()
    endif()
  endforeach()
  if(SECLUDE_LINKAGE STREQUAL "shared" AND NOT SECLUDE_LINK STREQUAL "auto")
    message(FATAL_ERROR "the program cannot be linked as SECLUDE_LINK=${SECLUDE_LINK} asks")
  endif()
endif()
message(STATUS "The program is linked: ${SECLUDE_LINKAGE}")
