#pragma once

#include "core/store/labelling.h"

#include <QRegularExpression>
#include <QString>

#include <atomic>
#include <memory>

namespace attune::ui {

struct ReplaceOptions {
    enum class Where { Everywhere, Prompts, Answers };
    QString find;
    QString replace; ///< with \1 and the like, where `regex`
    bool regex = false;
    bool matchCase = false;
    Where where = Where::Everywhere;
    bool operator==(const ReplaceOptions &) const = default;
};

/// The compiled search; InvalidInput says where a regular expression is wrong.
Result<QRegularExpression> compile(const ReplaceOptions &options);

/// How often `text` matches, and what becomes of it. An empty match is left alone.
struct Replaced {
    QString text;
    int count = 0;
};
Replaced replaceIn(const QString &text, const QRegularExpression &pattern, const ReplaceOptions &options);

struct ReplacePreview {
    std::int64_t id = 0;
    int count = 0;
    std::vector<Message> before;
    std::vector<Message> after;
};
struct ReplaceFound {
    std::int64_t rows = 0;
    std::int64_t matches = 0;
    std::vector<ReplacePreview> first; ///< some hundred of them, to look at
};

using CancelFlag = std::shared_ptr<std::atomic<bool>>;
/// Looks through rows; ends early, with what it has, once `cancel` is set.
Result<ReplaceFound> findInRows(Project &project, const std::vector<std::int64_t> &ids, const ReplaceOptions &options,
                                const CancelFlag &cancel);
Result<std::vector<ExampleEdit>> replaceEdits(Project &project, const std::vector<std::int64_t> &ids,
                                              const ReplaceOptions &options);

} // namespace attune::ui
