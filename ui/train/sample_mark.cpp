#include "ui/train/sample_mark.h"

#include "core/eval/scorers.h"
#include "core/formats/json.h"

#include <QCoreApplication>

#include <algorithm>

namespace attune::ui {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("SampleMark", text);
}

/// An object that was cut, closed behind its last whole field. Empty: it has none.
std::string closed(const std::string &text)
{
    std::size_t end = 0;
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            ++depth;
        else if (!quoted && (c == '}' || c == ']'))
            --depth;
        else if (!quoted && c == ',' && depth == 1)
            end = i;
    }
    return end == 0 ? std::string() : text.substr(0, end) + '}';
}

bool isObject(const std::string &text)
{
    const auto json = parseJson(text, "An answer");
    return json && json->is_object();
}

} // namespace

SampleMark markOf(const SampleAnswer &answer)
{
    if (answer.asExpected)
        return {{}, Tone::Ok, tr("As expected")};
    if (!isObject(answer.expected))
        return {{}, Tone::Bad, tr("Not as expected")};
    const bool cut = !answer.complete && !isObject(answer.text);
    const std::string text = cut ? closed(answer.text) : answer.text;
    if (!isObject(text))
        return {{}, Tone::Bad, cut ? tr("No field is right so far") : tr("Not valid JSON")};
    const auto given = parseJson(text, "An answer");
    int right = 0;
    int all = 0;
    for (const auto &[key, same] : scoreAnswer(text, answer.expected).fields) {
        if (cut && !given->contains(key))
            continue; // it may still come
        ++all;
        right += same ? 1 : 0;
    }
    SampleMark mark;
    mark.fields = QStringLiteral("%1/%2").arg(right).arg(all);
    mark.tone = right == all ? Tone::Ok : right > 0 ? Tone::Warn : Tone::Bad;
    mark.words = (cut ? tr("%1 of %2 fields right so far") : tr("%1 of %2 fields right")).arg(right).arg(all);
    return mark;
}

} // namespace attune::ui
