#pragma once

#include "core/studio/compare_session.h"
#include "ui/widgets/tone.h"

#include <QList>
#include <QString>

namespace attune::ui {

/// A run that can answer.
struct RunChoice {
    qint64 id = 0;
    QString name;
    std::string fingerprint; ///< of its base
    QString baseName;
    QList<CheckpointInfo> checkpoints; ///< oldest first
    bool training = false; ///< right now, by this program or another
};

/// Who can answer: the project's base, and runs with a checkpoint, newest first.
struct AnswererChoices {
    QString baseName;
    QList<RunChoice> runs;

    const RunChoice *run(qint64 id) const;
    /// The checkpoint that is meant, as chooseCheckpoint() takes it; null: there is none such.
    const CheckpointInfo *checkpoint(const Answerer &answerer) const;
};

/// "Base"; "Run 14" of a run that has the name it got by itself, else its name.
QString answererName(const std::optional<Answerer> &answerer, const AnswererChoices &choices);
QString runLabel(const QString &name);
/// "SmolLM2-135M-Instruct"; "best, step 352".
QString answererDetail(const std::optional<Answerer> &answerer, const AnswererChoices &choices);
QString checkpointLabel(const CheckpointInfo &checkpoint, const RunChoice &run);

struct StateWords {
    QString text;
    Tone tone = Tone::Neutral;
    const char *icon = nullptr;
};
StateWords stateWords(const CompareColumn &column);
/// "57 tok · 141 tok/s · 0.66 s"
QString figureWords(const CompareColumn &column);

} // namespace attune::ui
