#include "ui/shell/model_fit.h"

#include "core/studio/run_plan.h"
#include "ui/shell/background.h"
#include "ui/widgets/format.h"

namespace attune::ui {

QString fitWords(const DevicePlan &plan)
{
    const QString size = fromUtf8(bytesText(plan.plan.total()));
    switch (plan.fit) {
    case RunFit::Fits:
        return QObject::tr("fits · %1").arg(size);
    case RunFit::Tight:
        return QObject::tr("tight · %1").arg(size);
    case RunFit::TooLarge:
        break;
    }
    return QObject::tr("too large · %1").arg(size);
}

void askFits(QObject *receiver, const std::vector<std::filesystem::path> &models, const TrainSettings &settings,
             const std::function<void(const QHash<QString, QString> &)> &done)
{
    using Fits = QHash<QString, QString>;
    inBackground<Fits>(
        receiver,
        [models, settings] {
            Fits fits;
            for (const auto &model : models)
                if (const auto plan = planRun(model, settings))
                    fits.insert(fromUtf8(model.string()), fitWords(plan->device()));
            return fits;
        },
        done);
}

} // namespace attune::ui
