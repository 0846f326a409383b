#include "core/base/files.h"
#include "ui/shell/main_window.h"
#include "ui/shell/preferences.h"
#include "ui/shell/start_page.h"
#include "ui/shell/tour.h"
#include "ui/shell/trouble.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"

#include <QCommandLineParser>
#include <QIcon>

#include <cstdio>

using namespace attune;
using namespace attune::ui;

namespace {

constexpr int Failed = 1;
constexpr int WrongUsage = 2;

int tour(const QString &folder)
{
    const auto pictures =
        runTour(toUtf8(folder), [](const QString &file) { std::printf("%s\n", toUtf8(file).c_str()); });
    if (pictures)
        return 0;
    std::fprintf(stderr, "attune-studio: %s\n", pictures.error().message.c_str());
    return Failed;
}

} // namespace

int main(int argc, char **argv)
{
    StudioApplication application(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription("Attune: label instruction data, fine-tune with QLoRA, compare base and tuned.");
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption sample("sample", "Open the sample project; it is made where it is not there yet.");
    const QCommandLineOption pictures("tour", "Write pictures of every page of the sample project into DIR, then end.", "DIR");
    parser.addOptions({sample, pictures});
    parser.addPositionalArgument("project", "A project to open (.attune).", "[project]");
    if (!parser.parse(application.arguments()) || parser.positionalArguments().size() > 1) {
        const QString why = parser.errorText().isEmpty() ? "Only one project can be opened in a window." : parser.errorText();
        std::fprintf(stderr, "attune-studio: %s\n%s", toUtf8(why).c_str(), toUtf8(parser.helpText()).c_str());
        return WrongUsage;
    }
    if (parser.isSet("help"))
        parser.showHelp();
    if (parser.isSet("version"))
        parser.showVersion();

    startLog(fromUtf8((dataFolder() / "studio.log").string()));
    applyTheme(application);
    application.setWindowIcon(QIcon(":/attune/attune.svg"));
    if (parser.isSet(pictures))
        return tour(parser.value(pictures));

    Preferences().applyLook();
    MainWindow window;
    window.show();
    if (!parser.positionalArguments().isEmpty())
        window.openProject(toUtf8(parser.positionalArguments().first()));
    else if (parser.isSet(sample))
        window.openSample();
    return StudioApplication::exec();
}
