#include "core/text/template_unicode.h"
#include "core/text/template_value.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

// How values become text: str(), repr() and json.dumps().
namespace attune::jinja {
namespace {

template <typename Number>
std::string hex(const char *format, Number number)
{
    char buffer[16];
    const int used = std::snprintf(buffer, sizeof buffer, format, static_cast<unsigned>(number));
    return std::string(buffer, static_cast<std::size_t>(used));
}

void appendQuoted(MarkedText &out, const MarkedText &text)
{
    const std::string &bytes = text.bytes();
    const bool doubled = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos;
    const char quote = doubled ? '"' : '\'';
    out.append(std::string_view(&quote, 1), 0);
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t begin = at;
        const char32_t c = unicode::next(bytes, at);
        const Origin origin = text.originOf(begin, at);
        if (c == U'\\' || c == static_cast<char32_t>(quote))
            out.append(std::string("\\") + static_cast<char>(c), origin);
        else if (c == U'\n')
            out.append("\\n", origin);
        else if (c == U'\r')
            out.append("\\r", origin);
        else if (c == U'\t')
            out.append("\\t", origin);
        else if (unicode::isPrintable(c) || c > 0x10FFFF)
            out.append(std::string_view(bytes).substr(begin, at - begin), origin);
        else
            out.append(c < 0x100 ? hex("\\x%02x", c) : c < 0x10000 ? hex("\\u%04x", c) : hex("\\U%08x", c), origin);
    }
    out.append(std::string_view(&quote, 1), 0);
}

void appendRepr(MarkedText &out, const Value &value)
{
    if (const auto *text = value.asText()) {
        out.append(text->isMarkup() ? "Markup(" : "", 0);
        appendQuoted(out, *text);
        out.append(text->isMarkup() ? ")" : "", 0);
    } else if (const auto *list = value.asList()) {
        if (list->kind != ListData::Kind::List && list->kind != ListData::Kind::Tuple)
            failTemplate(aType(value) + " can't be printed; '| list' makes it a list");
        const bool tuple = list->kind == ListData::Kind::Tuple;
        out.append(tuple ? "(" : "[", 0);
        for (std::size_t i = 0; i < list->items.size(); ++i) {
            if (i > 0)
                out.append(", ", 0);
            appendRepr(out, list->items[i]);
        }
        out.append(tuple ? (list->items.size() == 1 ? ",)" : ")") : "]", 0);
    } else if (const auto *dict = value.asDict()) {
        out.append("{", 0);
        for (std::size_t i = 0; i < dict->items.size(); ++i) {
            if (i > 0)
                out.append(", ", 0);
            appendRepr(out, dict->items[i].first);
            out.append(": ", 0);
            appendRepr(out, dict->items[i].second);
        }
        out.append("}", 0);
    } else if (value.isUndefined()) {
        out.append("Undefined", 0);
    } else {
        out.append(toText(value));
    }
}

/// json.dumps() of one value; `level` counts the containers around it.
class JsonWriter {
public:
    explicit JsonWriter(const JsonStyle &style) : m_style(style) {}

    void write(const Value &value, std::size_t level)
    {
        if (m_out.size() > m_style.maxBytes)
            failTemplate("its output grows past " + std::to_string(m_style.maxBytes) + " bytes");
        if (const auto *text = value.asText())
            writeString(*text);
        else if (const auto *dict = value.asDict())
            writeDict(*dict, level);
        else if (const auto *list = value.asList();
                 list && (list->kind == ListData::Kind::List || list->kind == ListData::Kind::Tuple))
            writeList(*list, level);
        else
            m_out.append(scalar(value), 0);
    }

    MarkedText take() { return std::move(m_out); }

private:
    static std::string scalar(const Value &value)
    {
        if (value.isNone())
            return "null";
        if (const auto *truth = value.as<bool>())
            return *truth ? "true" : "false";
        if (const auto *number = value.as<std::int64_t>())
            return std::to_string(*number);
        if (const auto *number = value.as<double>())
            return std::isnan(*number)   ? "NaN"
                   : std::isinf(*number) ? (*number < 0 ? "-Infinity" : "Infinity")
                                         : numberText(*number);
        failTemplate("JSON can't hold " + aType(value));
    }

    void startLine(std::size_t level)
    {
        if (!m_style.indent)
            return;
        std::string line = "\n";
        for (std::size_t i = 0; i < level && line.size() <= m_style.maxBytes; ++i)
            line += *m_style.indent;
        m_out.append(line, 0);
    }

    void writeString(const MarkedText &text)
    {
        const std::string &bytes = text.bytes();
        m_out.append("\"", 0);
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t begin = at;
            const char32_t c = unicode::next(bytes, at);
            m_out.append(escaped(c, std::string_view(bytes).substr(begin, at - begin)), text.originOf(begin, at));
        }
        m_out.append("\"", 0);
    }

    std::string escaped(char32_t c, std::string_view bytes) const
    {
        switch (c) {
        case U'"':
            return "\\\"";
        case U'\\':
            return "\\\\";
        case U'\n':
            return "\\n";
        case U'\r':
            return "\\r";
        case U'\t':
            return "\\t";
        case U'\f':
            return "\\f";
        case U'\b':
            return "\\b";
        default:
            break;
        }
        if (c < 0x20)
            return hex("\\u%04x", c);
        if (!m_style.ascii || c < 0x7F || c > 0x10FFFF)
            return std::string(bytes);
        if (c < 0x10000)
            return hex("\\u%04x", c);
        return hex("\\u%04x", 0xD800 + ((c - 0x10000) >> 10)) + hex("\\u%04x", 0xDC00 + ((c - 0x10000) & 0x3FF));
    }

    void writeList(const ListData &list, std::size_t level)
    {
        m_out.append("[", 0);
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            if (i > 0)
                m_out.append(m_style.itemSeparator, 0);
            startLine(level + 1);
            write(list.items[i], level + 1);
        }
        if (!list.items.empty())
            startLine(level);
        m_out.append("]", 0);
    }

    void writeDict(const DictData &dict, std::size_t level)
    {
        auto items = dict.items;
        if (m_style.sortKeys)
            std::stable_sort(items.begin(), items.end(),
                             [](const auto &a, const auto &b) { return compare(a.first, b.first) < 0; });
        m_out.append("{", 0);
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i > 0)
                m_out.append(m_style.itemSeparator, 0);
            startLine(level + 1);
            if (const auto *key = items[i].first.asText())
                writeString(*key);
            else
                m_out.append('"' + scalar(items[i].first) + '"', 0);
            m_out.append(m_style.keySeparator, 0);
            write(items[i].second, level + 1);
        }
        if (!items.empty())
            startLine(level);
        m_out.append("}", 0);
    }

    const JsonStyle &m_style;
    MarkedText m_out;
};

} // namespace

MarkedText toText(const Value &value)
{
    if (const auto *text = value.asText())
        return *text;
    if (value.isUndefined())
        return {};
    if (value.isNone())
        return MarkedText("None");
    if (const auto *truth = value.as<bool>())
        return MarkedText(*truth ? "True" : "False");
    if (const auto *number = value.as<std::int64_t>())
        return MarkedText(std::to_string(*number));
    if (const auto *number = value.as<double>())
        return MarkedText(numberText(*number));
    if (value.asList() || value.asDict())
        return toRepr(value);
    failTemplate(aType(value) + " can't be printed");
}

MarkedText toRepr(const Value &value)
{
    MarkedText out;
    appendRepr(out, value);
    return out;
}

MarkedText toJson(const Value &value, const JsonStyle &style)
{
    JsonWriter writer(style);
    writer.write(value, 0);
    return writer.take();
}

} // namespace attune::jinja
