// CSV and TSV: the first byte chooses separator, header and columns, the rest is the file.

#include "core/data/import_preview.h"
#include "core/text/utf8.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    const unsigned choice = fuzz::takeByte(input);
    ImportOptions options;
    options.format = (choice & 1) != 0 ? DataFormat::Csv : DataFormat::Tsv;
    options.namesFirst = (choice & 2) == 0;
    options.rejectText = (choice & 4) != 0;
    if (!options.namesFirst)
        options.columns = {{"user", "column 1"}, {"assistant", "column 2"}};
    else if ((choice & 8) != 0)
        options.columns = {{"conversation", "c"}};
    if ((choice & 16) != 0)
        options.promptTemplate = "{q}\n\nAnswer {{briefly}}: {a}";
    const auto source = ImportSource::pasted(std::string(input));
    const auto onExample = [](const Example &example) -> Result<void> {
        for (const Message &message : example.messages)
            fuzz::require(isUtf8(message.content), "a row's text is UTF-8");
        return {};
    };
    fuzz::accepted(readExamples(source, options, onExample, [](const Reject &) -> Result<void> { return {}; }));
    fuzz::accepted(previewImport(source, options));
}
