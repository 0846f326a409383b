# Attune::arrow: the Arrow and Parquet libraries of the pyarrow wheel, where `installer/setup --with-parquet` puts them, or in
# -DARROW_ROOT (a folder with include/, libarrow.so.* and libparquet.so.*).

if(NOT DEFINED _cache)
    set(_cache "$ENV{ATTUNE_CACHE}")
    if(NOT _cache AND DEFINED ENV{XDG_CACHE_HOME})
        set(_cache "$ENV{XDG_CACHE_HOME}/attune")
    elseif(NOT _cache)
        set(_cache "$ENV{HOME}/.cache/attune")
    endif()
endif()

find_path(AttuneArrow_INCLUDE_DIR parquet/arrow/reader.h
    HINTS "${ARROW_ROOT}/include" "${_cache}/arrow-26.0.1/pyarrow/include" NO_DEFAULT_PATH)
foreach(_lib parquet arrow)
    # The wheel has no plain .so names.
    find_file(AttuneArrow_${_lib}_LIBRARY NAMES lib${_lib}.so.2600 lib${_lib}.so
        HINTS "${ARROW_ROOT}" "${ARROW_ROOT}/lib" "${_cache}/arrow-26.0.1/pyarrow" NO_DEFAULT_PATH)
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(AttuneArrow
    REQUIRED_VARS AttuneArrow_INCLUDE_DIR AttuneArrow_parquet_LIBRARY AttuneArrow_arrow_LIBRARY
    REASON_FAILURE_MESSAGE "run installer/setup --with-parquet, or build without -DATTUNE_PARQUET=ON")

if(AttuneArrow_FOUND AND NOT TARGET Attune::arrow)
    # As targets, so that the run path of what links them leads to their folder; global, as a static library hands them on.
    foreach(_lib parquet arrow)
        add_library(Attune::lib${_lib} SHARED IMPORTED GLOBAL)
        set_target_properties(Attune::lib${_lib} PROPERTIES IMPORTED_LOCATION "${AttuneArrow_${_lib}_LIBRARY}")
    endforeach()
    add_library(Attune::arrow INTERFACE IMPORTED GLOBAL)
    set_target_properties(Attune::arrow PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${AttuneArrow_INCLUDE_DIR}"
        INTERFACE_LINK_LIBRARIES "Attune::libparquet;Attune::libarrow")
endif()
