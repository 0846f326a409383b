# attune_module(NAME [DEPENDS module...] [PRIVATE target...] [PUBLIC target...] [HEADERS header...])
#
# One static library, attune_NAME, from the .cpp files of the calling folder. DEPENDS names the modules of core that it may
# use. The sources share one include root, so the link line alone would not stop an include that points the wrong way:
# every `#include "core/X/..."` is therefore checked here, and the configuration fails on one that DEPENDS does not allow.
# HEADERS are precompiled for this module alone; without them it shares those of core.
function(attune_module NAME)
    cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE;PUBLIC;HEADERS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "*.cpp" "*.h")
    add_library(attune_${NAME} STATIC ${sources})
    set_target_properties(attune_${NAME} PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(attune_${NAME} PUBLIC attune_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
    if(ARG_HEADERS)
        target_precompile_headers(attune_${NAME} PRIVATE ${ARG_HEADERS})
    else()
        target_precompile_headers(attune_${NAME} REUSE_FROM attune_core_headers)
    endif()

    set(allowed ${NAME})
    foreach(dependency IN LISTS ARG_DEPENDS)
        if(NOT TARGET attune_${dependency})
            message(FATAL_ERROR "Module ${NAME} depends on ${dependency}, which is not below it.")
        endif()
        target_link_libraries(attune_${NAME} PUBLIC attune_${dependency})
        get_property(inherited GLOBAL PROPERTY ATTUNE_ALLOWED_${dependency})
        list(APPEND allowed ${inherited})
    endforeach()
    list(REMOVE_DUPLICATES allowed)
    set_property(GLOBAL PROPERTY ATTUNE_ALLOWED_${NAME} ${allowed})

    foreach(source IN LISTS sources)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
        file(STRINGS "${source}" includes REGEX "^#include \"(core|ui|app)/")
        foreach(line IN LISTS includes)
            string(REGEX MATCH "\"([a-z]+)/([a-z]+)/" _ "${line}")
            if(NOT CMAKE_MATCH_1 STREQUAL "core" OR NOT CMAKE_MATCH_2 IN_LIST allowed)
                message(FATAL_ERROR "${source}: ${line}: module ${NAME} may include only: ${allowed}.")
            endif()
        endforeach()
    endforeach()
endfunction()

# attune_ui_module(NAME [DEPENDS module...])
#
# One static library, attune_ui_NAME, of the window. It sees all of core through core/studio, and of ui what DEPENDS names;
# a widget that reaches into another workspace fails the configuration.
function(attune_ui_module NAME)
    cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "*.cpp" "*.h")
    add_library(attune_ui_${NAME} STATIC ${sources})
    # No generated header goes from one module to another, so moc need not wait for the libraries below.
    set_target_properties(attune_ui_${NAME} PROPERTIES AUTOMOC ON AUTOGEN_ORIGIN_DEPENDS OFF LINKER_LANGUAGE CXX)
    target_link_libraries(attune_ui_${NAME} PUBLIC attune_options attune_qt attune_studio)
    target_precompile_headers(attune_ui_${NAME} REUSE_FROM attune_ui_headers)
    foreach(dependency IN LISTS ARG_DEPENDS)
        target_link_libraries(attune_ui_${NAME} PUBLIC attune_ui_${dependency})
    endforeach()
    foreach(source IN LISTS sources)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
        file(STRINGS "${source}" includes REGEX "^#include \"(ui|app)/")
        foreach(line IN LISTS includes)
            string(REGEX MATCH "\"([a-z]+)/([a-z]+)/" _ "${line}")
            if(NOT CMAKE_MATCH_1 STREQUAL "ui" OR NOT CMAKE_MATCH_2 IN_LIST ARG_DEPENDS AND NOT CMAKE_MATCH_2 STREQUAL NAME)
                message(FATAL_ERROR "${source}: ${line}: module ${NAME} may include of ui only: ${NAME} ${ARG_DEPENDS}.")
            endif()
        endforeach()
    endforeach()
endfunction()

# attune_test(FILE [LINK target...] [LABELS label...] [SOURCES file...])
#
# One Qt Test executable of one tst_*.cpp file, run by ctest under its path: tests/core/text/tst_bpe.cpp is core/text/bpe.
function(attune_test FILE)
    cmake_parse_arguments(ARG "" "" "LINK;LABELS;SOURCES" ${ARGN})
    get_filename_component(stem "${FILE}" NAME_WE)
    file(RELATIVE_PATH folder "${CMAKE_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
    string(REGEX REPLACE "^tst_" "" short "${stem}")
    string(REPLACE "/" "_" flat "${folder}")
    set(target tst_${flat}_${short})
    # Not AUTOMOC: it compiles one more file for each test, empty where the test includes its own moc file as ours do.
    qt6_generate_moc(${FILE} "${CMAKE_CURRENT_BINARY_DIR}/${stem}.moc")
    add_executable(${target} ${FILE} "${CMAKE_CURRENT_BINARY_DIR}/${stem}.moc" ${ARG_SOURCES})
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    target_compile_definitions(${target} PRIVATE QT_NO_KEYWORDS ATTUNE_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data"
        ATTUNE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ATTUNE_BINARY="${CMAKE_BINARY_DIR}/bin/attune")
    target_link_libraries(${target} PRIVATE Qt6::Test attune_options ${ARG_LINK})
    # A test runs once and is compiled often: the code under test is optimised, the test is not.
    # Qt names the build folder in a macro; undefined, one precompiled header fits the tests of all folders.
    target_compile_options(${target} PRIVATE -O0 -UQT_TESTCASE_BUILDDIR -UQT_TESTCASE_SOURCEDIR)
    if(folder MATCHES "^ui/")
        target_precompile_headers(${target} REUSE_FROM attune_ui_test_headers)
    else()
        target_precompile_headers(${target} REUSE_FROM attune_test_headers)
    endif()
    add_test(NAME ${folder}/${short} COMMAND ${target})
    # One compute thread each: ctest runs several tests at once, and OpenMP teams that share cores wait for one another.
    set(longest 900)
    if(ATTUNE_SANITIZE) # ten times slower, or worse
        set(longest 7200)
    endif()
    set_tests_properties(${folder}/${short} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${longest}
        ENVIRONMENT "QT_QPA_PLATFORM=offscreen;OMP_NUM_THREADS=1")
endfunction()
