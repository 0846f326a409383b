#pragma once

#include "core/store/sqlite.h"

namespace attune {

/// Stores bytes of any length in chunks with checksums; returns the blob's id. Inside the caller's transaction.
Result<std::int64_t> writeBlob(Database &database, std::string_view bytes, std::string_view doing);
/// Fails with Corrupt where a chunk is missing, of a wrong length, or not what was written.
Result<std::string> readBlob(Database &database, std::int64_t blob, std::string_view doing);
Result<void> removeBlob(Database &database, std::int64_t blob, std::string_view doing);

} // namespace attune
