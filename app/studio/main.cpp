#include "app/studio/arguments.h"
#include "core/base/files.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/shell/start_page.h"
#include "ui/shell/tour.h"
#include "ui/shell/trouble.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"

#include <QIcon>

#include <cstdio>
#include <cstdlib>

using namespace attune;
using namespace attune::ui;

namespace {

constexpr int Failed = 1;

int tour(const Arguments &asked)
{
    TourOptions options;
    if (asked.tourSteps > 0)
        options.steps = asked.tourSteps;
    options.project = toUtf8(asked.project);
    const auto pictures = runTour(toUtf8(asked.tour), options, [](const QString &file) {
        std::printf("%s\n", toUtf8(file).c_str());
        std::fflush(stdout); // somebody waits for the next one
    });
    if (pictures)
        return 0;
    std::fprintf(stderr, "attune-studio: %s\n", pictures.error().message.c_str());
    return Failed;
}

/// Until the application stands: Qt ends the program where it can't reach the display, and says so in its own terms.
void whileStarting(QtMsgType type, const QMessageLogContext &, const QString &text)
{
    if (type != QtFatalMsg)
        return;
    std::fprintf(
        stderr,
        "attune-studio: The window can't be shown: no display can be reached (DISPLAY is \"%s\"). Without one, the "
        "command line program attune does the same work.\n%s\n",
        qgetenv("DISPLAY").constData(), qUtf8Printable(text));
    std::fflush(stderr);
    std::_Exit(Failed);
}

} // namespace

int main(int argc, char **argv)
{
    const Arguments asked = readArguments(argc, argv);
    if (asked.done) {
        std::fputs(toUtf8(asked.say).c_str(), asked.code == 0 ? stdout : stderr);
        return asked.code;
    }
    if (!hasDisplay(argc, argv)) {
        if (asked.tour.isEmpty()) {
            std::fprintf(stderr,
                         "attune-studio: There is no display to show the window on. The command line program attune "
                         "does the same work without one, and --tour DIR writes pictures of the window.\n");
            return Failed;
        }
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }

    const QtMessageHandler usual = qInstallMessageHandler(whileStarting);
    StudioApplication application(argc, argv);
    qInstallMessageHandler(usual);
    startLog(fromUtf8((dataFolder() / "studio.log").string()));
    applyTheme(application);
    application.setWindowIcon(QIcon(":/attune/attune.svg"));
    if (!asked.tour.isEmpty())
        return tour(asked);

    Preferences().applyLook();
    MainWindow window;
    window.showFitting();
    if (!asked.project.isEmpty())
        window.openProject(toUtf8(asked.project));
    else if (asked.sample)
        window.openSample();
    return StudioApplication::exec();
}
