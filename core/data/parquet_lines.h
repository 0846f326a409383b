#pragma once

#include "core/base/result.h"

#include <filesystem>
#include <memory>
#include <string>

namespace attune {

/// A Parquet file as JSON Lines, a few of its rows in memory at a time: each row an object, its columns by name;
/// lists are arrays, structs and maps are objects. Times and what else JSON lacks become texts. Everything behind it
/// (formats, maps of columns, previews, rejects by line) then is that of JSON Lines; the line is the row, counted
/// from 1.
///
/// Parquet is an optional part: its libraries (Arrow) are those that `installer/setup --with-parquet` fetches.
class ParquetLines {
public:
    static bool isBuiltIn();
    /// Fails with Corrupt for a damaged file, InvalidInput where this build has no Parquet.
    static Result<std::unique_ptr<ParquetLines>> open(const std::filesystem::path &path);
    virtual ~ParquetLines() = default;

    /// The next rows; empty at the end. Fails with Corrupt.
    virtual Result<std::string> next() = 0;
    virtual double share() const = 0; ///< of the rows that were given so far
};

} // namespace attune
