#pragma once

#include "core/data/byte_source.h"
#include "core/data/import.h"
#include "core/formats/json.h"

namespace attune {

/// Bytes from which a record is refused, so that memory stays bounded.
inline constexpr std::size_t importRecordLimit = std::size_t(64) << 20;
/// The longest record whose text goes along with a reject.
inline constexpr std::size_t rejectTextLimit = std::size_t(64) << 10;

Result<ByteSource> openSource(const ImportSource &source, std::stop_token stop,
                              std::function<void(std::int64_t)> progress);

/// `asked`, unless that is Auto; else Csv, Tsv, or Auto for some kind of JSON, by the ending of the name and the
/// first character. What is pasted has no ending: it is a table where it is no JSON, by tabs where its first line has
/// one.
Result<DataFormat> kindOfSource(ByteSource &bytes, const ImportSource &source, DataFormat asked);

inline bool isTable(DataFormat format)
{
    return format == DataFormat::Csv || format == DataFormat::Tsv;
}

/// Checks and parses the text of a JSON record. Fails with the reason, a sentence.
tl::expected<Json, std::string> parseRecord(const std::string &text);

} // namespace attune
