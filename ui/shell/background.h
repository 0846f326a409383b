#pragma once

#include <QObject>
#include <QThread>

#include <functional>
#include <memory>

namespace attune::ui {

/// Work that has to do with no open project, off the window's thread; `done` is called on it, unless `receiver` is
/// gone.
template <typename T>
void inBackground(QObject *receiver, std::function<T()> work, std::function<void(T)> done)
{
    auto result = std::make_shared<std::unique_ptr<T>>();
    QThread *thread = QThread::create([work = std::move(work), result] { *result = std::make_unique<T>(work()); });
    QObject::connect(thread, &QThread::finished, receiver, [done = std::move(done), result] {
        if (*result)
            done(std::move(**result));
    });
    QObject::connect(thread, &QThread::finished, thread, &QObject::deleteLater);
    thread->start();
}

} // namespace attune::ui
