#pragma once

#include "core/store/labelling.h"
#include "tests/core/studio/toy_project.h"
#include "ui/data/editor.h"
#include "ui/data/editor_cards.h"
#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"

#include <QApplication>
#include <QVBoxLayout>
#include <QtTest>

namespace attune::ui {

/// A project in a folder of its own, its session, and the editor in a window, with the toy model's tokenizer. Stands
/// in for the list: next and previous walk the rows by number.
class EditorFixture {
public:
    EditorFixture() { applyTheme(*qApp); }
    ~EditorFixture() { window.reset(); }

    std::int64_t add(const std::vector<Message> &messages, Part part = Part::Train)
    {
        std::int64_t id = 0;
        const auto added = toy.project->addExamples([&](const Project::AddExample &add) -> Result<void> {
            Example example{messages, {"mails_03.jsonl", 218}, part, {}};
            ATTUNE_TRY(const auto made, add(example));
            id = made.value_or(0);
            return {};
        });
        if (!added || id == 0)
            qFatal("a row could not be added");
        ids.push_back(id);
        return id;
    }

    void open(QSize size = {700, 780}, const std::string &model = ToyProject::model().string())
    {
        if (const auto set = toy.project->setSetting("base_model", model); !set)
            qFatal("%s", set.error().message.c_str());
        // The rows of the test are what it begins with: no undo takes them away.
        if (const auto forgotten = Labelling(*toy.project).forgetSteps(); !forgotten)
            qFatal("%s", forgotten.error().message.c_str());
        auto opened = Session::open(toy.project->path());
        if (!opened)
            qFatal("%s", opened.error().message.c_str());
        session = std::move(*opened);
        window = std::make_unique<QWidget>();
        auto *layout = new QVBoxLayout(window.get());
        layout->setContentsMargins(0, 0, 0, 0);
        editor = new ExampleEditor(*session);
        layout->addWidget(editor);
        QObject::connect(editor, &ExampleEditor::nextRequested, editor, [this] { walk(1); });
        QObject::connect(editor, &ExampleEditor::previousRequested, editor, [this] { walk(-1); });
        QObject::connect(editor, &ExampleEditor::exampleRequested, editor,
                         [this](std::int64_t id) { editor->showExample(id); });
        window->resize(size);
        window->show();
        QApplication::setActiveWindow(window.get());
        QVERIFY(QTest::qWaitForWindowActive(window.get()));
    }

    void show(std::int64_t id)
    {
        editor->showExample(id);
        QTRY_VERIFY_WITH_TIMEOUT(editor->loaded(), 10000);
    }

    void walk(int by)
    {
        const auto at = std::find(ids.begin(), ids.end(), editor->shownExample());
        const auto next = at - ids.begin() + by;
        if (next >= 0 && next < static_cast<std::ptrdiff_t>(ids.size()))
            editor->showExample(ids[static_cast<std::size_t>(next)]);
    }

    /// The row as the file has it, read by a connection that is not the window's.
    StoredExample stored(std::int64_t id)
    {
        const auto row = toy.project->example(id);
        return row && *row ? **row : StoredExample();
    }
    std::string storedText(std::int64_t id, std::size_t turn)
    {
        const StoredExample row = stored(id);
        return turn < row.messages.size() ? row.messages[turn].content : std::string();
    }
    /// As the command line would.
    void changeElsewhere(std::int64_t id, std::size_t turn, const std::string &content)
    {
        auto messages = stored(id).messages;
        messages[turn].content = content;
        const ExampleEdit edit{.id = id, .messages = messages};
        if (const auto step = Labelling(*toy.project).apply("Changed elsewhere", std::span(&edit, 1)); !step)
            qFatal("%s", step.error().message.c_str());
    }

    EditorCards *cards() const { return editor->findChild<EditorCards *>(); }
    AutoTextEdit *field(int turn) const { return cards()->card(turn) ? cards()->card(turn)->edit() : nullptr; }
    QString shownText(int turn) const { return field(turn) ? field(turn)->toPlainText() : QString(); }
    void key(Qt::Key key, Qt::KeyboardModifiers with = Qt::NoModifier)
    {
        QWidget *const at = QApplication::focusWidget();
        QTest::keyClick(at ? at : editor, key, with);
    }
    void type(const char *text)
    {
        QWidget *const at = QApplication::focusWidget();
        QTest::keyClicks(at ? at : editor, QString::fromUtf8(text));
    }
    /// All that was asked of the file has been answered.
    void settle() { QTRY_VERIFY_WITH_TIMEOUT(session->idle() && editor->loaded(), 10000); }

    ToyProject toy;
    std::vector<std::int64_t> ids;
    std::unique_ptr<Session> session;
    std::unique_ptr<QWidget> window;
    ExampleEditor *editor = nullptr;
};

} // namespace attune::ui
