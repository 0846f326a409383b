#include "ui/shell/tour_project.h"

#include "core/store/labelling.h"
#include "core/studio/sample_project.h"

#include <array>

namespace attune::ui {

namespace {

constexpr std::size_t QuickValidation = 6; // rows

constexpr auto System =
    "Read the customer's e-mail and answer with JSON only: intent, order_id, product, urgency, summary.";

Example row(const char *mail, const char *answer, Part part, std::int64_t line)
{
    Example example;
    example.messages = {{"system", System}, {"user", mail}, {"assistant", answer}};
    example.part = part;
    example.origin = {"more_emails.jsonl", line};
    return example;
}

/// What every set of e-mails has sooner or later: the same mail twice with another number, once on each side of the
/// split, an answer that nobody wrote, one that is no JSON, one that forgets a key.
std::vector<Example> faultyRows()
{
    constexpr auto lamp =
        R"({"intent": "refund_or_replace", "order_id": "HK-10482", "product": "desk lamp", "urgency": "high", )"
        R"("summary": "Customer's lamp arrived with a cracked shade and wants a new one."})";
    return {
        row("Hello, the desk lamp from order HK-10482 arrived with a cracked shade. I need it for work, so please send a "
            "new one before Friday. The photos are attached.",
            lamp, Part::Train, 1),
        row("Hello, the desk lamp from order HK-10482 arrived with a cracked shade. I need it for work, so please send a "
            "new one before Monday. The photos are attached.",
            lamp, Part::Train, 2),
        row("Hello, the desk lamp from order HK-10483 arrived with a cracked shade. I need it for work, so please send a "
            "new one before Friday. The photos are attached.",
            lamp, Part::Test, 3),
        row("When will the rug be back in stock?", "", Part::Train, 4),
        row("Please cancel my order HK-77120, I ordered the wrong size.",
            R"({"intent": "cancel", "order_id": "HK-77120", "product": null, "urgency": "high", )"
            R"("summary": "Customer cancels an order of the wrong size.")",
            Part::Train, 5),
        row("The kettle leaks at the handle, is there a warranty?",
            R"({"intent": "warranty", "order_id": null, "product": "kettle", )"
            R"("summary": "Customer asks for warranty on a leaking kettle."})",
            Part::Train, 6),
    };
}

} // namespace

Result<void> makeTourProject(const std::filesystem::path &path, const TourProject &options)
{
    ATTUNE_TRY(const auto made, createSampleProject(path));
    ATTUNE_TRY(auto project, Project::open(path));
    Labelling labelling(project);
    std::vector<ExampleEdit> edits;
    const auto edit = [&](std::int64_t id) -> ExampleEdit & {
        edits.push_back({.id = id});
        return edits.back();
    };
    if (options.quick) {
        ATTUNE_TRY(const auto validation, labelling.ids({.parts = {Part::Validation}}));
        for (std::size_t i = QuickValidation; i < validation.size(); ++i)
            edit(validation[i]).part = Part::Train;
    }
    if (!edits.empty())
        ATTUNE_CHECK(labelling.apply("Parts", edits));
    ATTUNE_TRY(const auto version, project.takeSnapshot("before labelling"));
    static_cast<void>(version);

    edits.clear();
    ATTUNE_TRY(const auto train, labelling.ids({.parts = {Part::Train}}));
    constexpr std::array states{LabelState::Approved, LabelState::Approved, LabelState::Approved, LabelState::Flagged,
                                LabelState::Approved, LabelState::Rejected, LabelState::Approved};
    for (std::size_t i = 1; i < train.size() && i < 40; ++i) { // the first one is still to be read
        ExampleEdit &judged = edit(train[i]);
        judged.state = states[i % states.size()];
        judged.rating = judged.state == LabelState::Approved ? 3 + static_cast<int>(i % 3)
                        : judged.state == LabelState::Flagged ? 2
                                                              : 1;
    }
    ATTUNE_CHECK(labelling.apply("Judged", edits));
    ATTUNE_CHECK(labelling.insert("More e-mails", faultyRows()));
    return labelling.forgetSteps();
}

} // namespace attune::ui
