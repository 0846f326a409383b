#pragma once

#include "core/data/byte_source.h"

namespace attune {

/// The text of one record, not yet parsed.
struct RawRecord {
    std::string text;
    std::int64_t line = 0; ///< where it begins
    std::string path;      ///< "[12]" in a JSON array, counted from 0; empty in JSON Lines
    std::string problem;   ///< why the text is not to be had, a sentence; else empty
};

/// The records of a file in JSON Lines, or of one JSON array, which is cut into its elements as it streams by.
class JsonRecords {
public:
    /// `recordLimit`: bytes from which a record is refused, so that memory stays bounded.
    JsonRecords(ByteSource &source, std::size_t recordLimit) : m_source(source), m_recordLimit(recordLimit) {}

    /// None at the end. Fails with InvalidInput where nothing that follows can be told apart.
    Result<std::optional<RawRecord>> next();

private:
    enum class Shape { Unknown, Lines, Array, Done };

    Result<void> findShape();
    Result<std::optional<RawRecord>> nextLine();
    Result<std::optional<RawRecord>> nextElement();
    Result<RawRecord> readElement();
    Result<std::optional<RawRecord>> end();
    int skipSpace();

    ByteSource &m_source;
    std::size_t m_recordLimit;
    Shape m_shape = Shape::Unknown;
    std::int64_t m_index = 0; // of the next record
};

} // namespace attune
