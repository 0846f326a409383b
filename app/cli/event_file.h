#pragma once

#include "core/store/project.h"
#include "core/train/events.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace attune::cli {

/// A training event as `--events` writes it; null for those that it leaves out.
OrderedJson eventJson(const TrainEvent &event);

/// Training events as JSON Lines, each flushed, for programs that follow a run.
class EventFile {
public:
    /// `append` where a run goes on; else the first event replaces what the file holds. An empty path: no file, and
    /// write() does nothing.
    static Result<EventFile> open(const std::filesystem::path &path, bool append);
    Result<void> write(const TrainEvent &event);
    /// There are events of an earlier run in it, which a run that never began should leave.
    bool holdsOlder() const { return m_replace; }

private:
    struct Closer {
        void operator()(std::FILE *file) const { std::fclose(file); }
    };
    std::filesystem::path m_path;
    std::unique_ptr<std::FILE, Closer> m_file;
    bool m_replace = false;
};

} // namespace attune::cli
