// attune: the engine on the command line. Results go to standard output, everything else to standard error.

#include "app/cli/cli.h"
#include "core/text/utf8.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace attune;

/// Waits for Ctrl-C on a thread of its own, where asking a run to stop is safe: in a handler it would not be. The
/// second one ends the program at once.
void watchInterrupts(std::stop_source source)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr); // before any other thread starts, so that all inherit it
    std::thread([signals, source]() mutable {
        int signal = 0;
        sigwait(&signals, &signal);
        source.request_stop();
        sigwait(&signals, &signal);
        _exit(cli::exitInterrupted);
    }).detach();
}

/// One line that no terminal takes for a command, whatever a file's names hold.
std::string asLine(const std::string &message)
{
    constexpr std::size_t Longest = 2000;
    std::string line = replacedInvalidUtf8(message);
    for (char &c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            c = ' ';
    if (line.size() > Longest)
        line = replacedInvalidUtf8(line.substr(0, Longest)) + "...";
    return line;
}

int report(const Error &error)
{
    std::fprintf(stderr, "attune: %s\n", asLine(error.message).c_str());
    return error.code == ErrorCode::Interrupted ? cli::exitInterrupted : cli::exitFailed;
}

int run(int argc, char **argv)
{
    CLI::App app("Attune fine-tunes open-weights language models on your own data, on this machine.", "attune");
    app.set_version_flag("--version", "Attune " ATTUNE_VERSION);
    app.require_subcommand(1);
    app.failure_message([](const CLI::App *, const CLI::Error &error) { return std::string(error.what()); });
    cli::addDemo(app);
    cli::addInit(app);
    cli::addImport(app);
    cli::addData(app);
    cli::addPlan(app);
    cli::addTrain(app);
    cli::addRuns(app);
    cli::addRun(app);
    cli::addGenerate(app);
    cli::addCompare(app);
    cli::addEval(app);
    cli::addExport(app);
    cli::addModels(app);
    cli::addTokenize(app);
    cli::addTemplate(app);
    cli::addLogits(app);
    cli::addQuantize(app);
    cli::addBench(app);
    cli::addDoctor(app);

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success &success) {
        return app.exit(success);
    } catch (const CLI::ParseError &error) {
        std::string path = "attune";
        for (const auto *sub : app.get_subcommands())
            path += " " + sub->get_name();
        std::fprintf(stderr, "attune: %s; see %s --help.\n", asLine(error.what()).c_str(), path.c_str());
        return cli::exitUsage;
    }
    const std::stop_source interrupts;
    watchInterrupts(interrupts);
    const auto *action = cli::chosenAction();
    if (!action)
        return cli::exitUsage;
    const auto status = (*action)(cli::Context{interrupts.get_token()});
    return status ? *status : report(status.error());
}

} // namespace

int main(int argc, char **argv)
{
    const int status = run(argc, argv);
    std::fflush(nullptr);
#ifndef __SANITIZE_ADDRESS__ // which looks for leaks at a usual end
    // All that is ours is closed. libtorch would now take its thousands of operators apart one by one, for as long as
    // it took to put them together: a third of the time of a short command.
    std::_Exit(status);
#endif
    return status;
}
