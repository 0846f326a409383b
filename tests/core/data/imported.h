#pragma once

#include "core/data/import.h"

#include <QTemporaryDir>
#include <fstream>

namespace attune {

/// Everything that one import handed out.
struct Imported {
    std::vector<Example> examples;
    std::vector<Reject> rejects;
    Result<void> result;

    std::string error() const { return result ? std::string() : result.error().message; }
};

inline Imported importFile(const ImportSource &source, const ImportOptions &options = {},
                           std::stop_token stop = {}, const std::function<void(std::int64_t)> &progress = {})
{
    Imported all;
    all.result = readExamples(
        source, options,
        [&](Example example) -> Result<void> {
            all.examples.push_back(std::move(example));
            return {};
        },
        [&](Reject reject) -> Result<void> {
            all.rejects.push_back(std::move(reject));
            return {};
        },
        std::move(stop), progress);
    return all;
}

/// A folder of files for one test.
class Files {
public:
    std::filesystem::path write(const std::string &name, std::string_view content) const
    {
        const std::filesystem::path path = std::filesystem::path(m_folder.path().toStdString()) / name;
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    std::filesystem::path path() const { return m_folder.path().toStdString(); }

private:
    QTemporaryDir m_folder;
};

inline Imported importText(const std::string &name, std::string_view content, const ImportOptions &options = {})
{
    const Files files;
    return importFile(files.write(name, content), options);
}

} // namespace attune
