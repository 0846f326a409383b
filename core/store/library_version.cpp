#include "core/store/library_version.h"

#include <sqlite3.h>

namespace attune {

std::string sqliteVersion()
{
    return sqlite3_libversion();
}

bool sqliteSearchesText()
{
    return sqlite3_compileoption_used("ENABLE_FTS5") != 0;
}

} // namespace attune
