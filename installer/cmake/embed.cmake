# cmake -DINPUT=F[,F...] -DOUTPUT=F.cpp -DNAME=symbol -P embed.cmake
#
# Writes a C++ file that holds the bytes of INPUT, one file behind another, as attune::NAME(), so that the program needs no
# file beside it.
string(REPLACE "," ";" INPUT "${INPUT}")
set(bytes "")
foreach(file IN LISTS INPUT)
    file(READ "${file}" more HEX)
    string(APPEND bytes "${more}")
endforeach()
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
list(TRANSFORM INPUT REPLACE ".*/" "")
list(JOIN INPUT ", " source)
file(WRITE "${OUTPUT}" "// ${source}, made by embed.cmake.
#include <string_view>

namespace attune {

std::string_view ${NAME}();

namespace {
const unsigned char bytes[] = {
${bytes}
};
} // namespace

std::string_view ${NAME}()
{
    return {reinterpret_cast<const char *>(bytes), ${size}};
}

} // namespace attune
")
