#pragma once

#include <QString>

/// What the command line asks for. Read before there is a display, as --help and a wrong word need none.
struct Arguments {
    QString project;
    bool sample = false;
    QString tour;      ///< a folder for pictures; empty: the window
    int tourSteps = 0; ///< 0: as the tour does by itself
    /// Nothing else is to be done: print `say` and end with `code`.
    bool done = false;
    int code = 0;
    QString say;
};

Arguments readArguments(int argc, char **argv);

/// Whether a window has a display to be shown on, as far as the environment tells.
bool hasDisplay(int argc, char **argv);
