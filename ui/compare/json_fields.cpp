#include "ui/compare/json_fields.h"

#include "core/eval/scorers.h"
#include "ui/widgets/format.h"

namespace attune::ui {
namespace {

OrderedJson objectOf(const QString &text)
{
    auto json = OrderedJson::parse(text.trimmed().toStdString(), nullptr, false);
    return json.is_object() ? json : OrderedJson();
}

} // namespace

bool isJsonObject(const QString &text)
{
    return objectOf(text).is_object();
}

QStringList fieldOrder(const QStringList &texts)
{
    QStringList order;
    for (const QString &text : texts) {
        const OrderedJson object = objectOf(text);
        for (const auto &[key, value] : object.items())
            if (const QString name = fromUtf8(key); !order.contains(name))
                order << name;
    }
    return order;
}

QVector<FieldLine> fieldLines(const QString &answer, const QString &against, const QStringList &order)
{
    const OrderedJson object = objectOf(answer);
    if (!object.is_object())
        return {};
    // The very scorer that evaluations use, so that the two never disagree about a field.
    const auto score = scoreAnswer(toUtf8(answer), toUtf8(against));
    QVector<FieldLine> lines;
    for (const QString &key : order) {
        FieldLine line{key, {}, FieldLine::Plain};
        const auto found = object.find(toUtf8(key));
        const auto equal = score.fields.find(toUtf8(key));
        if (found != object.end())
            line.value = fromUtf8(found->dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
        if (found == object.end())
            line.kind = FieldLine::Missing;
        else if (equal != score.fields.end())
            line.kind = equal->second ? FieldLine::Equal : FieldLine::Differs;
        lines << line;
    }
    return lines;
}

} // namespace attune::ui
