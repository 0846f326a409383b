#include "ui/shell/tour.h"

#include "core/model/registry.h"
#include "core/studio/sample_project.h"
#include "ui/shell/action_book.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/shell/start_page.h"
#include "ui/shell/status_line.h"
#include "ui/shell/tour_project.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QMenu>
#include <QPainter>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QTemporaryDir>
#include <QThread>

namespace attune::ui {

namespace {

constexpr int Patience = 300000; // ms for one state without a sign of life, on a busy machine too
constexpr int Nap = 5;           // ms
constexpr int Settle = 60;       // ms for layouts and pictures that come late

struct Shot {
    ThemeChoice theme = ThemeChoice::Light;
    QSize size;
    double text = 1;
    const char *ending = "";
};

// Large text comes last: a state is entered at the usual size. Theme and size are switched together, as to switch
// takes the most time of all.
const Shot shots[] = {
    {ThemeChoice::Dark, {1440, 900}, 1, "-dark"},
    {ThemeChoice::Dark, {1024, 700}, 1, "-dark-1024x700"},
    {ThemeChoice::Light, {1024, 700}, 1, "-light-1024x700"},
    {ThemeChoice::Light, {1440, 900}, 1, "-light"},
    {ThemeChoice::Light, {1440, 900}, 2, "-light-text200"},
};

void breathe()
{
    QApplication::processEvents();
    QThread::msleep(Nap); // what is waited for needs the processor too
}

void settle()
{
    QElapsedTimer timer;
    timer.start();
    while (!timer.hasExpired(Settle))
        breathe();
}

/// The window, and the menus that are open over it: they are windows of their own.
QPixmap pictureOf(MainWindow &window)
{
    // What came last may have left a layout to do.
    QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);
    QPixmap picture = window.grab();
    for (QWidget *popup : QApplication::topLevelWidgets()) {
        if (!popup->isVisible() || popup->windowType() != Qt::Popup)
            continue;
        QPainter painter(&picture);
        painter.drawPixmap(window.mapFromGlobal(popup->pos()), popup->grab());
    }
    return picture;
}

tl::unexpected<Error> failed(ErrorCode code, const QString &sentence)
{
    return fail(code, toUtf8(sentence));
}

/// Look, preferences and whatever else the tour changes are as before when it ends, however it ends.
class Lent {
public:
    explicit Lent(const QString &preferences)
    {
        Preferences::setFile(preferences);
        m_theme.keepIn(nullptr); // nothing here is the user's choice
        m_theme.setReducedMotion(true); // a picture shows the end of each movement
    }
    ~Lent()
    {
        m_theme.setTextScale(m_scale);
        m_theme.setReducedMotion(m_reduced);
        m_theme.setChoice(m_choice);
        Preferences::setFile({});
    }
    Lent(const Lent &) = delete;
    Lent &operator=(const Lent &) = delete;

private:
    Theme &m_theme = Theme::instance();
    const ThemeChoice m_choice = m_theme.choice();
    const double m_scale = m_theme.textScale();
    const bool m_reduced = m_theme.reducedMotion();
};

class Tour {
public:
    Tour(const std::filesystem::path &folder, const TourOptions &options,
         const std::function<void(const QString &)> &wrote)
        : m_folder(fromUtf8(folder.string())), m_options(options), m_wrote(wrote)
    {
    }

    Result<int> run()
    {
        if (!resolveModel(sampleModel))
            return failed(ErrorCode::NotFound,
                          QStringLiteral("The tour trains a few steps of %1, which is not on this machine: run "
                                         "installer/setup, then try again.")
                              .arg(QLatin1String(sampleModel)));
        const QTemporaryDir place(QDir::tempPath() + "/attune-tour-XXXXXX");
        if (!place.isValid() || !m_folder.mkpath("."))
            return failed(ErrorCode::Io,
                          QStringLiteral("Can't make the folder %1; is its parent writable?").arg(m_folder.path()));
        const Lent lent(place.filePath("studio.ini"));
        const bool own = !m_options.project.empty();
        const QString file =
            own ? fromUtf8(m_options.project.filename().string()) : QStringLiteral("support-mail.attune");
        const std::filesystem::path project = toUtf8(place.filePath(file));
        if (own) {
            ATTUNE_TRY(auto shown, Project::open(m_options.project));
            ATTUNE_CHECK(shown.backupTo(project));
        } else {
            ATTUNE_CHECK(makeTourProject(project, {.quick = m_options.steps <= TourOptions::FewSteps}));
        }
        MainWindow window;
        window.show();
        ATTUNE_CHECK(startPages(window, project, place));
        for (Workspace *workspace : window.workspaces()) {
            workspace->setProperty("tourSteps", m_options.steps);
            for (const TourState &state : workspace->tourStates()) {
                const QString name = workspace->id() + (state.name.isEmpty() ? QString() : "-" + state.name);
                window.showPage(workspace->id());
                const auto ready = [&] { return window.session()->idle() && (!state.ready || state.ready()); };
                ATTUNE_CHECK(picture(window, name, state.enter, ready));
            }
        }
        ATTUNE_CHECK(aroundTheWorkspaces(window));
        window.closeProject();
        return m_count;
    }

private:
    Result<void> startPages(MainWindow &window, const std::filesystem::path &project, const QTemporaryDir &place)
    {
        const auto atOnce = [] { return true; };
        ATTUNE_CHECK(picture(window, "start", {}, atOnce));
        if (!window.openProject(project))
            return fail(ErrorCode::Internal, toUtf8(window.startPage().trouble()));
        window.closeProject();
        ATTUNE_CHECK(picture(window, "start-recent", {}, atOnce));
        const QString notes = place.filePath("notes.attune");
        QFile file(notes);
        if (!file.open(QIODevice::WriteOnly) || file.write("Not a project.") < 0)
            return failed(ErrorCode::Io, QStringLiteral("Can't write %1; is there room?").arg(notes));
        file.close();
        ATTUNE_CHECK(picture(window, "start-refused", [&] { window.openProject(toUtf8(notes)); }, atOnce));
        look(shots[0]); // the pages are made for the text size of that moment
        if (!window.openProject(project))
            return fail(ErrorCode::Internal, toUtf8(window.startPage().trouble()));
        return {};
    }

    Result<void> aroundTheWorkspaces(MainWindow &window)
    {
        const auto idle = [&] { return window.session()->idle(); };
        auto *settings = window.findChild<QScrollArea *>("settingsPage");
        ATTUNE_CHECK(picture(window, "settings", [&] { window.showPage("settings"); }, idle));
        const auto lastSettings = [&] {
            settings->verticalScrollBar()->setValue(settings->verticalScrollBar()->maximum());
            return true;
        };
        ATTUNE_CHECK(picture(window, "settings-end", {}, lastSettings));
        settings->verticalScrollBar()->setValue(0);
        window.showPage(window.workspaces().first()->id());
        window.workspaces().first()->tourStates().first().enter();
        ATTUNE_CHECK(picture(window, "palette", [&] { window.palette().openWith("re"); }, idle));
        window.palette().hide();
        // Menus say their keys; at 1024 they are folded, so each is opened where it would be.
        QMenu *menu = window.book().menu(Menu::Row);
        ATTUNE_CHECK(picture(window, "menu", [&] { menu->popup(window.mapToGlobal(QPoint(180, 40))); }, idle));
        menu->close();
        return picture(window, "keys", [&] { window.showKeys(); }, idle);
    }

    /// Waits until the state is there; what trains or answers meanwhile shows signs of life.
    Result<void> wait(MainWindow &window, const QString &name, const std::function<bool()> &ready)
    {
        QElapsedTimer timer;
        timer.start();
        const auto *chip = window.findChild<QWidget *>("runChip");
        QString life;
        while (!ready()) {
            const QString now = window.session() ? signOfLife(*window.session(), *chip) : QString();
            if (now != life)
                timer.restart();
            life = now;
            if (timer.hasExpired(Patience))
                return failed(ErrorCode::Internal,
                              QStringLiteral("The tour waited in vain for %1 to get ready.").arg(name));
            breathe();
        }
        return {};
    }

    static QString signOfLife(const Session &session, const QWidget &chip)
    {
        QString life = chip.accessibleName();
        for (const JobState &job : session.jobs())
            life += QString::number(job.share) + job.detail;
        return life;
    }

    /// One switch for both.
    static void look(const Shot &shot)
    {
        Theme &theme = Theme::instance();
        if (theme.choice() == shot.theme || theme.textScale() == shot.text) {
            theme.setTextScale(shot.text);
            theme.setChoice(shot.theme);
            return;
        }
        const QTemporaryDir folder;
        auto wanted = std::make_unique<QSettings>(folder.filePath("look.ini"), QSettings::IniFormat);
        wanted->setValue("view/theme", shot.theme == ThemeChoice::Dark ? "dark" : "light");
        wanted->setValue("view/textScale", shot.text);
        wanted->setValue("view/reducedMotion", theme.reducedMotion());
        theme.keepIn(std::move(wanted));
        theme.keepIn(nullptr);
    }

    Result<void> picture(MainWindow &window, const QString &name, const std::function<void()> &enter,
                         const std::function<bool()> &ready)
    {
        look(shots[0]);
        if (enter)
            enter();
        for (const Shot &shot : shots) {
            look(shot);
            window.resize(shot.size);
            settle();
            ATTUNE_CHECK(wait(window, name, ready));
            settle();
            // What had the focus may just have been hidden, and the rail got it: no work goes on there.
            if (QWidget *now = QApplication::focusWidget();
                now && now->objectName().startsWith(QLatin1String("rail-")))
                now->clearFocus();
            if (auto *page = window.findChild<QScrollArea *>("pageScroll")) { // from its upper left corner on
                page->horizontalScrollBar()->setValue(0);
                page->verticalScrollBar()->setValue(0);
            }
            const QString path = m_folder.filePath(name + shot.ending + ".png");
            if (!pictureOf(window).save(path))
                return failed(ErrorCode::Io,
                              QStringLiteral("Can't write %1; is there room, and is it writable?").arg(path));
            ++m_count;
            if (m_wrote)
                m_wrote(path);
        }
        return {};
    }

    QDir m_folder;
    const TourOptions m_options;
    const std::function<void(const QString &)> &m_wrote;
    int m_count = 0;
};

} // namespace

Result<int> runTour(const std::filesystem::path &folder, const TourOptions &options,
                    const std::function<void(const QString &)> &wrote)
{
    return Tour(folder, options, wrote).run();
}

} // namespace attune::ui
