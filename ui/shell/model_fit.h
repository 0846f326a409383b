#pragma once

#include <QHash>
#include <QObject>
#include <QString>

#include <filesystem>
#include <functional>
#include <vector>

namespace attune::ui {

/// "fits · 0.3 GiB", "tight · 19.0 GiB", "too large · 28.1 GiB": the base in bfloat16, held against this machine's memory.
QString fitWords(qint64 bytes, qint64 memory);

/// Those words for each model that can be read, off the window's thread: only configurations are looked at, but a model may
/// lie on a slow disk. `done` gets them by path, unless `receiver` is gone.
void askFits(QObject *receiver, const std::vector<std::filesystem::path> &models,
             const std::function<void(const QHash<QString, QString> &)> &done);

} // namespace attune::ui
