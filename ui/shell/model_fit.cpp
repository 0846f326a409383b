#include "ui/shell/model_fit.h"

#include "core/model/footprint.h"
#include "ui/shell/background.h"
#include "ui/shell/memory_meter.h"
#include "ui/widgets/format.h"

namespace attune::ui {

QString fitWords(qint64 bytes, qint64 memory)
{
    constexpr double GiB = 1024.0 * 1024.0 * 1024.0;
    const QString size = QObject::tr("%1 GiB").arg(formatNumber(static_cast<double>(bytes) / GiB, 1));
    switch (fitOf(bytes, memory)) {
    case Fit::Fits:
        return QObject::tr("fits · %1").arg(size);
    case Fit::Tight:
        return QObject::tr("tight · %1").arg(size);
    case Fit::TooLarge:
        break;
    }
    return QObject::tr("too large · %1").arg(size);
}

void askFits(QObject *receiver, const std::vector<std::filesystem::path> &models,
             const std::function<void(const QHash<QString, QString> &)> &done)
{
    using Fits = QHash<QString, QString>;
    inBackground<Fits>(
        receiver,
        [models] {
            const qint64 memory = memoryUse().total;
            Fits fits;
            for (const auto &model : models)
                if (const auto footprint = modelFootprint(model))
                    fits.insert(fromUtf8(model.string()), fitWords(footprint->bytes, memory));
            return fits;
        },
        done);
}

} // namespace attune::ui
