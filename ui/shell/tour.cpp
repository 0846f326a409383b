#include "ui/shell/tour.h"

#include "core/studio/sample_project.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/shell/start_page.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QThread>

namespace attune::ui {

namespace {

constexpr int Patience = 900000; // ms for one state: a training run may be part of it
constexpr int Nap = 5;           // ms
constexpr int Settle = 150;      // ms for layouts, fades and pictures that come late
constexpr QSize Sizes[] = {{1440, 900}, {1024, 700}};

void breathe()
{
    QApplication::processEvents();
    QThread::msleep(Nap); // what is waited for needs the processor too
}

bool waitUntil(const std::function<bool()> &ready)
{
    QElapsedTimer timer;
    timer.start();
    while (!ready()) {
        if (timer.hasExpired(Patience))
            return false;
        breathe();
    }
    return true;
}

void settle()
{
    QElapsedTimer timer;
    timer.start();
    while (!timer.hasExpired(Settle))
        breathe();
}

class Tour {
public:
    Tour(const std::filesystem::path &folder, const std::function<void(const QString &)> &wrote)
        : m_folder(fromUtf8(folder.string())), m_wrote(wrote)
    {
    }

    Result<int> run()
    {
        QTemporaryDir place;
        if (!place.isValid() || !m_folder.mkpath("."))
            return fail(ErrorCode::Io, "Can't make the folder " + toUtf8(m_folder.path()) + "; is its parent writable?");
        Preferences::setFile(place.filePath("studio.ini"));
        const std::filesystem::path project = toUtf8(place.filePath("support-mail.attune"));
        ATTUNE_TRY(const auto made, createSampleProject(project));
        Theme::instance().setReducedMotion(true); // a picture shows the end of each movement
        MainWindow window;
        window.show();
        ATTUNE_CHECK(picture(window, "start", [] {}, [] { return true; }));
        if (!window.openProject(project))
            return fail(ErrorCode::Internal, toUtf8(window.startPage().trouble()));
        for (Workspace *workspace : window.workspaces()) {
            for (const TourState &state : workspace->tourStates()) {
                const QString name = workspace->id() + (state.name.isEmpty() ? QString() : "-" + state.name);
                window.showPage(workspace->id());
                const auto ready = [&] { return window.session()->idle() && (!state.ready || state.ready()); };
                ATTUNE_CHECK(picture(window, name, state.enter, ready));
            }
        }
        ATTUNE_CHECK(picture(window, "settings", [&] { window.showPage("settings"); }, [] { return true; }));
        window.showPage(window.workspaces().first()->id());
        const auto openPalette = [&] { window.palette().openWith("ru"); };
        ATTUNE_CHECK(picture(window, "palette", openPalette, [&] { return window.session()->idle(); }));
        window.palette().hide();
        ATTUNE_CHECK(picture(window, "keys", [&] { window.showKeys(); }, [] { return true; }));
        window.closeProject();
        Preferences::setFile({});
        return m_count;
    }

private:
    Result<void> picture(MainWindow &window, const QString &name, const std::function<void()> &enter,
                         const std::function<bool()> &ready)
    {
        if (enter)
            enter();
        for (const ThemeChoice theme : {ThemeChoice::Light, ThemeChoice::Dark}) {
            for (const QSize size : Sizes) {
                Theme::instance().setChoice(theme);
                window.resize(size);
                settle();
                if (!waitUntil(ready))
                    return fail(ErrorCode::Internal, "The tour waited in vain for " + toUtf8(name) + " to get ready.");
                settle();
                QString file = name + (theme == ThemeChoice::Dark ? "-dark" : "-light");
                if (size != Sizes[0])
                    file += QStringLiteral("-%1x%2").arg(size.width()).arg(size.height());
                const QString path = m_folder.filePath(file + ".png");
                if (!window.grab().save(path))
                    return fail(ErrorCode::Io, "Can't write " + toUtf8(path) + "; is there room, and is it writable?");
                ++m_count;
                if (m_wrote)
                    m_wrote(path);
            }
        }
        return {};
    }

    QDir m_folder;
    const std::function<void(const QString &)> &m_wrote;
    int m_count = 0;
};

} // namespace

Result<int> runTour(const std::filesystem::path &folder, const std::function<void(const QString &)> &wrote)
{
    return Tour(folder, wrote).run();
}

} // namespace attune::ui
