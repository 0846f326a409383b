#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

/// Writes GGUF files for tests, wrong ones too.
class GgufBuilder {
public:
    enum Type : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

    std::uint32_t version = 3;
    std::uint64_t alignment = 32;

    template <typename T>
    static std::string raw(T value)
    {
        std::string bytes(sizeof value, '\0');
        std::memcpy(bytes.data(), &value, sizeof value);
        return bytes;
    }
    static std::string rawString(const std::string &text) { return raw<std::uint64_t>(text.size()) + text; }

    template <typename T>
    void value(const std::string &key, Type type, T content)
    {
        rawValue(key, type, raw(content));
    }
    void text(const std::string &key, const std::string &content) { rawValue(key, String, rawString(content)); }
    void texts(const std::string &key, const std::vector<std::string> &content)
    {
        std::string bytes = raw<std::uint32_t>(String) + raw<std::uint64_t>(content.size());
        for (const std::string &one : content)
            bytes += rawString(one);
        rawValue(key, Array, bytes);
    }
    template <typename T>
    void numbers(const std::string &key, Type type, const std::vector<T> &content)
    {
        std::string bytes = raw<std::uint32_t>(type) + raw<std::uint64_t>(content.size());
        for (const T one : content)
            bytes += raw(one);
        rawValue(key, Array, bytes);
    }
    void rawValue(const std::string &key, std::uint32_t type, const std::string &content)
    {
        m_values += rawString(key) + raw(type) + content;
        ++m_valueCount;
    }

    /// `shape` is in the file's order, innermost first.
    void tensor(const std::string &name, std::vector<std::uint64_t> shape, std::uint32_t type,
                const std::string &data)
    {
        m_data.resize((m_data.size() + alignment - 1) / alignment * alignment);
        entry(name, shape, type, m_data.size());
        m_data += data;
    }
    void entry(const std::string &name, const std::vector<std::uint64_t> &shape, std::uint32_t type,
               std::uint64_t offset)
    {
        m_entries += rawString(name) + raw(static_cast<std::uint32_t>(shape.size()));
        for (const std::uint64_t size : shape)
            m_entries += raw(size);
        m_entries += raw(type) + raw(offset);
        ++m_entryCount;
    }

    std::string bytes() const
    {
        std::string head = "GGUF" + raw(version) + raw(m_entryCount) + raw(m_valueCount) + m_values + m_entries;
        if (m_entryCount > 0)
            head.resize((head.size() + alignment - 1) / alignment * alignment);
        return head + m_data;
    }
    void write(const std::string &path) const { std::ofstream(path, std::ios::binary) << bytes(); }

private:
    std::uint64_t m_valueCount = 0;
    std::uint64_t m_entryCount = 0;
    std::string m_values;
    std::string m_entries;
    std::string m_data;
};
