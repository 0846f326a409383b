#include "ui/data/import_wizard_plan.h"

#include <algorithm>

namespace attune::ui {

namespace {

bool hasRole(const std::vector<PreviewColumn> &columns, ColumnRole role)
{
    return std::any_of(columns.begin(), columns.end(), [&](const PreviewColumn &column) { return column.role == role; });
}

/// The columns of all files, with the roles that were chosen.
std::vector<PreviewColumn> allColumns(const std::vector<ImportPreview> &files, const ImportChoice &choice)
{
    std::vector<PreviewColumn> columns;
    for (const ImportPreview &file : files) {
        for (const PreviewColumn &column : file.columns) {
            if (std::any_of(columns.begin(), columns.end(),
                            [&](const PreviewColumn &known) { return known.name == column.name; }))
                continue;
            columns.push_back(column);
            if (const auto chosen = choice.roles.find(column.name); chosen != choice.roles.end())
                columns.back().role = chosen->second;
        }
    }
    return columns;
}

/// Why these roles make no conversation; empty: they may.
std::string missingRole(const std::vector<PreviewColumn> &columns, const ImportChoice &choice)
{
    if (hasRole(columns, ColumnRole::Conversation))
        return {};
    if (!hasRole(columns, ColumnRole::Assistant))
        return "Choose the column that holds the answer: give it the role Assistant.";
    if (!hasRole(columns, ColumnRole::User) && choice.promptTemplate.empty())
        return "Choose the column that holds the question: give it the role User, or write a prompt template.";
    return {};
}

std::string fileName(const ImportSource &source)
{
    return source.file.filename().string();
}

} // namespace

Result<CheckedImport> checkImport(const ImportChoice &choice, std::stop_token stop,
                                  const std::function<void(double)> &progress)
{
    CheckedImport checked;
    if (choice.sources.empty())
        return fail(ErrorCode::InvalidInput, "No file is chosen.");
    ImportOptions base;
    base.format = choice.format;
    base.system = choice.system;
    const auto columnar = [&](const ImportPreview &file) {
        return file.guess.usesColumns() || (choice.byColumns && !file.columns.empty());
    };
    // First what they are: the roles of all files are needed before any is read as a whole.
    for (const ImportSource &source : choice.sources) {
        ATTUNE_TRY(auto start, previewImport(source, base, {.wholeSource = false}, stop));
        if (!checked.files.empty() && columnar(start) != columnar(checked.files.front())) {
            checked.missing = fileName(choice.sources.front()) + " and " + fileName(source) +
                              " differ: one has columns, the other whole conversations. Import one after the other.";
        }
        checked.files.push_back(std::move(start));
    }
    checked.usesColumns = columnar(checked.files.front());
    checked.columns = allColumns(checked.files, choice);
    checked.options = base;
    if (checked.usesColumns) {
        base.promptTemplate = choice.promptTemplate;
        std::vector<PreviewColumn> used = checked.columns;
        for (PreviewColumn &column : used) {
            if (choice.withoutOwnSplit && column.role == ColumnRole::Split)
                column.role = ColumnRole::Ignore;
        }
        checked.options = optionsForRoles(used, base);
        if (checked.missing.empty())
            checked.missing = missingRole(checked.columns, choice);
    }
    if (!checked.missing.empty())
        return checked;

    double before = 0;
    double total = 0;
    std::vector<double> sizes;
    for (const ImportSource &source : choice.sources) {
        std::error_code none;
        const auto size = source.text ? source.text->size() : std::filesystem::file_size(source.file, none);
        sizes.push_back(none ? 0.0 : static_cast<double>(size));
        total += sizes.back();
    }
    for (std::size_t i = 0; i < choice.sources.size(); ++i) {
        ATTUNE_TRY(auto whole,
                   previewImport(choice.sources[i], checked.options, {}, stop, [&](std::int64_t bytes) {
                       if (progress && total > 0)
                           progress(std::min(1.0, (before + static_cast<double>(bytes)) / total));
                   }));
        before += sizes[i];
        if (!whole.missing.empty() && checked.missing.empty())
            checked.missing = whole.missing;
        checked.records += whole.records;
        checked.good += whole.good;
        checked.rejected += whole.rejected;
        checked.noted += whole.noted;
        for (const PreviewRecord &record : whole.first)
            checked.ownSplit = checked.ownSplit || (record.example && record.example->part);
        whole.guess = checked.files[i].guess; // as it was guessed, not as it was then read
        checked.files[i] = std::move(whole);
    }
    return checked;
}

std::vector<ImportProblem> problemsOf(const CheckedImport &checked)
{
    std::vector<ImportProblem> problems;
    for (const bool rejected : {true, false}) {
        for (std::size_t source = 0; source < checked.files.size(); ++source) {
            const ImportPreview &file = checked.files[source];
            const std::size_t first = problems.size();
            for (const Reject &row : rejected ? file.rejects : file.notes) {
                const auto same = std::find_if(
                    problems.begin() + static_cast<std::ptrdiff_t>(first), problems.end(),
                    [&](const ImportProblem &known) { return known.rows.front().reason == row.reason; });
                if (same == problems.end()) {
                    problems.push_back({rejected, 1, source, {row}});
                } else {
                    ++same->count;
                    same->rows.push_back(row);
                }
            }
        }
    }
    return problems;
}

ImportRequest requestOf(const ImportChoice &choice, const CheckedImport &checked)
{
    ImportRequest request;
    request.files = choice.sources;
    request.options = checked.options;
    request.part = choice.part;
    return request;
}

} // namespace attune::ui
