// Conversations in JSON Lines and JSON arrays: the first byte chooses the format, the rest is the file.

#include "core/data/import_preview.h"
#include "core/text/utf8.h"
#include "tests/fuzz/fuzz.h"

using namespace attune;

ATTUNE_FUZZ_TARGET(input)
{
    const unsigned choice = fuzz::takeByte(input);
    ImportOptions options;
    options.format = std::array{DataFormat::Auto, DataFormat::OpenAi, DataFormat::Alpaca, DataFormat::ShareGpt,
                                DataFormat::PromptCompletion}[choice % 5];
    options.rejectText = (choice & 0x80) != 0;
    if ((choice & 0x40) != 0)
        options.columns = {{"user", "q"}, {"assistant", "a"}};
    const auto source = ImportSource::pasted(std::string(input));
    const auto onExample = [](const Example &example) -> Result<void> {
        fuzz::require(!example.messages.empty(), "a row has messages");
        for (const Message &message : example.messages)
            fuzz::require(isUtf8(message.content) && message.content.find('\0') == std::string::npos,
                          "a row's text is UTF-8 without NUL");
        return {};
    };
    const auto onReject = [](const Reject &reject) -> Result<void> {
        fuzz::require(!reject.reason.empty(), "a reject has a reason");
        return {};
    };
    fuzz::accepted(readExamples(source, options, onExample, onReject));
    fuzz::accepted(previewImport(source, options));
}
