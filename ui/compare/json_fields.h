#pragma once

#include <QStringList>
#include <QVector>

namespace attune::ui {

/// A field of an answer that is a JSON object, held against the same field of another text.
struct FieldLine {
    enum Kind { Plain, Equal, Differs, Missing }; ///< Plain: there is nothing to hold it against
    QString key;
    QString value; ///< as JSON; empty where it is missing
    Kind kind = Plain;
    bool operator==(const FieldLine &) const = default;
};

/// The keys of all texts that are JSON objects, each once, in the order in which they come first.
QStringList fieldOrder(const QStringList &texts);
/// One line for each key of `order`; none where `answer` is no JSON object. `against` may be no JSON object.
QVector<FieldLine> fieldLines(const QString &answer, const QString &against, const QStringList &order);
bool isJsonObject(const QString &text);

} // namespace attune::ui
