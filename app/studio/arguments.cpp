#include "app/studio/arguments.h"

#include <QCommandLineParser>
#include <QCoreApplication>

#include <algorithm>

namespace {

constexpr int WrongUsage = 2;

/// Options that QApplication takes for itself, with one or two dashes.
const QStringList qtsWithValue{"platform",     "platformpluginpath", "platformtheme", "plugin",  "qwindowgeometry",
                               "qwindowicon",  "qwindowtitle",       "session",       "display", "style",
                               "stylesheet",   "geometry",           "icon",          "title"};
const QStringList qtsAlone{"reverse", "nograb", "dograb", "sync", "widgetcount"};

QString optionName(const QString &argument)
{
    if (!argument.startsWith('-'))
        return {};
    return argument.mid(argument.startsWith("--") ? 2 : 1).section('=', 0, 0);
}

QStringList withoutQts(const QStringList &arguments)
{
    QStringList own;
    for (qsizetype i = 0; i < arguments.size(); ++i) {
        const QString name = optionName(arguments[i]);
        if (qtsWithValue.contains(name))
            i += arguments[i].contains('=') ? 0 : 1;
        else if (!qtsAlone.contains(name))
            own.append(arguments[i]);
    }
    return own;
}

} // namespace

Arguments readArguments(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName("attune-studio");
    QCoreApplication::setApplicationVersion(ATTUNE_VERSION);
    QCommandLineParser parser;
    parser.setApplicationDescription("Attune: label instruction data, fine-tune with QLoRA, compare base and tuned.");
    const QCommandLineOption help({"h", "help"}, "Say this.");
    const QCommandLineOption version({"v", "version"}, "Say the version.");
    const QCommandLineOption sample("sample", "Open the sample project; it is made where it is not there yet.");
    const QCommandLineOption tour(
        "tour", "Write pictures of every page into DIR, then end: of a copy of the project, else of the sample.",
        "DIR");
    const QCommandLineOption steps("tour-steps", "How many steps the run in these pictures is trained.", "N");
    parser.addOptions({help, version, sample, tour, steps});
    parser.addPositionalArgument("project", "A project to open (.attune).", "[project]");

    Arguments read;
    const auto refuse = [&](const QString &why) {
        read.done = true;
        read.code = WrongUsage;
        read.say = "attune-studio: " + why + "\n\n" + parser.helpText();
        return read;
    };
    if (!parser.parse(withoutQts(QCoreApplication::arguments())))
        return refuse(parser.errorText());
    if (parser.isSet(help) || parser.isSet(version)) {
        read.done = true;
        read.say = parser.isSet(help) ? parser.helpText() : QStringLiteral("attune-studio " ATTUNE_VERSION "\n");
        return read;
    }
    if (parser.positionalArguments().size() > 1)
        return refuse("Only one project can be opened in a window.");
    read.project = parser.positionalArguments().value(0);
    read.sample = parser.isSet(sample);
    read.tour = parser.value(tour);
    if (parser.isSet(tour) && read.tour.isEmpty())
        return refuse("--tour needs a folder.");
    if (read.sample && !read.project.isEmpty())
        return refuse("Either a project or --sample, not both.");
    if (parser.isSet(steps)) {
        bool number = false;
        read.tourSteps = parser.value(steps).toInt(&number);
        if (!number || read.tourSteps < 2 || read.tour.isEmpty())
            return refuse(read.tour.isEmpty() ? "--tour-steps goes with --tour."
                                              : "--tour-steps needs a number from 2 on.");
    }
    return read;
}

bool hasDisplay(int argc, char **argv)
{
    const auto chosen = [](const char *argument) {
        const QString name = optionName(QString::fromLocal8Bit(argument));
        return name == "platform" || name == "display";
    };
    if (std::any_of(argv, argv + argc, chosen))
        return true;
    constexpr const char *variables[] = {"QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"};
    return std::any_of(std::begin(variables), std::end(variables),
                       [](const char *name) { return !qEnvironmentVariableIsEmpty(name); });
}
