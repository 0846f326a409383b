# Language, warnings, sanitizers, ccache and mold: what every target of this project is built with.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# -O3 gains nothing outside the kernels, which ask for it themselves, and costs a third more time to compile.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

set(ATTUNE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

find_program(ATTUNE_CCACHE ccache)
if(ATTUNE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The sloppiness is what its manual asks for with precompiled headers; without it, it would cache hardly a file of
    # this project. Depend mode, because the other one takes a precompiled header of a file that differs in blanks or
    # in a comment for the same, and the compiler, which knows a `#pragma once` header by its checksum, reads it twice.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_DEPEND=1
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${ATTUNE_CCACHE}")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-fpch-preprocess)
    endif()
endif()
find_program(ATTUNE_MOLD mold)
if(ATTUNE_MOLD)
    add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)

# Every target links this one.
add_library(attune_options INTERFACE)
# GCC 12 sees overlaps and overruns in the operator+ of std::string that are not there (its bug 105651), and uninitialised
# strings in moves out of std::optional and tl::expected.
target_compile_options(attune_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast
    -Woverloaded-virtual -Werror -Wno-restrict -Wno-array-bounds
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized)
target_compile_definitions(attune_options INTERFACE ATTUNE_VERSION="${PROJECT_VERSION}")
target_include_directories(attune_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_link_libraries(attune_options INTERFACE Threads::Threads)
if(ATTUNE_SANITIZE)
    target_compile_options(attune_options INTERFACE -fsanitize=${ATTUNE_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(attune_options INTERFACE -fsanitize=${ATTUNE_SANITIZE})
endif()
