#pragma once

#include "core/studio/run_samples.h"
#include "ui/widgets/tone.h"

#include <QString>

namespace attune::ui {

/// What an answer is worth, said in a few letters. Where a JSON object is expected, hardly an answer is equal to the
/// letter, so its fields are counted; of an answer that was cut, those that were begun and ended.
struct SampleMark {
    QString fields;  ///< "4/5"; empty: right or wrong as a whole
    Tone tone = Tone::Bad;
    QString words;   ///< the same as a sentence
    bool operator==(const SampleMark &) const = default;
};
SampleMark markOf(const SampleAnswer &answer);

} // namespace attune::ui
