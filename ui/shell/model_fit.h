#pragma once

#include "core/train/settings.h"

#include <QHash>
#include <QObject>
#include <QString>

#include <filesystem>
#include <functional>
#include <vector>

namespace attune {
struct DevicePlan;
}

namespace attune::ui {

/// "fits · 0.9 GiB", "tight · 19.0 GiB", "too large · 28.1 GiB": what training on a model needs of the memory that
/// there is.
QString fitWords(const DevicePlan &plan);

/// Those words for each model that can be read, off the window's thread: only configurations are looked at, but a
/// model may lie on a slow disk. They are those of `attune plan` with these settings. `done` gets them by path,
/// unless `receiver` is gone.
void askFits(QObject *receiver, const std::vector<std::filesystem::path> &models, const TrainSettings &settings,
             const std::function<void(const QHash<QString, QString> &)> &done);

} // namespace attune::ui
