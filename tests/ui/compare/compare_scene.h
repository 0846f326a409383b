#pragma once

#include "core/store/labelling.h"
#include "tests/core/studio/toy_project.h"
#include "tests/patience.h"
#include "ui/compare/compare_workspace.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QTest>

namespace attune::ui {

/// A project with rows and, where asked for, a run on the toy model, and the workspace on it, shown.
struct CompareScene {
    explicit CompareScene(bool withRun = true)
    {
        applyTheme(*qApp);
        toy.addRows(8, Part::Train);
        toy.addRows(5, Part::Validation);
        toy.addRows(3, Part::Test);
        if (withRun)
            train("run-1");
        else if (!toy.project->setSetting("base_model", ToyProject::model().string()))
            qFatal("The base model can't be set.");
        open();
    }

    void train(const std::string &name)
    {
        TrainRequest request = toy.request(name);
        request.samples = 0;
        if (const auto outcome = runTraining(request); !outcome)
            qFatal("%s", outcome.error().message.c_str());
    }

    void open()
    {
        workspace.reset();
        session.reset();
        auto opened = Session::open(toy.project->path());
        if (!opened)
            qFatal("%s", opened.error().message.c_str());
        session = std::move(*opened);
        workspace = std::make_unique<CompareWorkspace>(*session);
        workspace->resize(1368, 828);
        workspace->show();
        if (!QTest::qWaitForWindowActive(workspace.get()))
            qFatal("The window does not become active.");
        workspace->shown();
        if (!QTest::qWaitFor([&] { return workspace->tourStates().front().ready(); }, 5000 * Patience))
            qFatal("The workspace does not load.");
    }

    template <typename T>
    T *find(const char *name) const
    {
        T *found = workspace->findChild<T *>(QString::fromLatin1(name));
        if (!found)
            qFatal("There is no %s.", name);
        return found;
    }

    template <typename T>
    T *inColumn(int column, const char *name) const
    {
        T *found =
            find<QWidget>(("column" + std::to_string(column + 1)).c_str())->findChild<T *>(QString::fromLatin1(name));
        if (!found)
            qFatal("There is no %s in the column.", name);
        return found;
    }

    void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) const
    {
        QTest::keyClick(workspace->focusWidget() ? workspace->focusWidget() : workspace.get(), key, modifiers);
    }

    void type(const QString &text) const { QTest::keyClicks(workspace->focusWidget(), text); }

    bool answered() const
    {
        return QTest::qWaitFor(
            [&] {
                const auto &columns = workspace->comparison().columns();
                return !workspace->comparison().busy() &&
                       std::any_of(columns.begin(), columns.end(),
                                   [](const CompareColumn &c) { return c.state != AnswerState::Idle; });
            },
            30000 * Patience);
    }

    ToyProject toy;
    std::unique_ptr<Session> session;
    std::unique_ptr<CompareWorkspace> workspace; // before the session
};

} // namespace attune::ui
