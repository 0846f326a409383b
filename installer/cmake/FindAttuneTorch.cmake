# Attune::torch: ATen from the torch wheel, without the CUDA toolkit that the wheel's own find_package(Torch) asks for.
# Looks in -DLIBTORCH_ROOT, then $LIBTORCH_ROOT, then where installer/setup puts it. Linked PRIVATE, so that only the
# modules that compute see torch's headers.

set(_cache "$ENV{ATTUNE_CACHE}")
if(NOT _cache)
    if(DEFINED ENV{XDG_CACHE_HOME})
        set(_cache "$ENV{XDG_CACHE_HOME}/attune")
    else()
        set(_cache "$ENV{HOME}/.cache/attune")
    endif()
endif()

find_path(AttuneTorch_INCLUDE_DIR ATen/ATen.h
    HINTS "${LIBTORCH_ROOT}/include" "$ENV{LIBTORCH_ROOT}/include" "${_cache}/torch-2.11.0/torch/include"
    NO_DEFAULT_PATH)
foreach(_lib torch_cpu c10)
    find_library(AttuneTorch_${_lib}_LIBRARY ${_lib}
        HINTS "${LIBTORCH_ROOT}/lib" "$ENV{LIBTORCH_ROOT}/lib" "${_cache}/torch-2.11.0/torch/lib"
        NO_DEFAULT_PATH)
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(AttuneTorch
    REQUIRED_VARS AttuneTorch_INCLUDE_DIR AttuneTorch_torch_cpu_LIBRARY AttuneTorch_c10_LIBRARY
    REASON_FAILURE_MESSAGE "run installer/setup first, or pass -DLIBTORCH_ROOT=<folder with include/ and lib/>")

if(AttuneTorch_FOUND AND NOT TARGET Attune::torch)
    add_library(Attune::torch INTERFACE IMPORTED)
    set_target_properties(Attune::torch PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${AttuneTorch_INCLUDE_DIR}"
        INTERFACE_LINK_LIBRARIES "${AttuneTorch_torch_cpu_LIBRARY};${AttuneTorch_c10_LIBRARY}")
    # The NVIDIA libraries that libtorch_cpu names are found by its own run path, which ld does not follow.
    target_link_options(Attune::torch INTERFACE -Wl,--allow-shlib-undefined)
endif()
