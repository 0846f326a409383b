#include "ui/data/data_query.h"
#include "ui/data/data_workspace.h"
#include "ui/data/editor.h"
#include "ui/data/example_list_panel.h"
#include "ui/data/find_replace.h"
#include "ui/data/health_checks.h"
#include "ui/data/health_panel.h"
#include "ui/data/histogram.h"
#include "ui/data/import_wizard.h"
#include "ui/data/snapshots_panel.h"
#include "ui/data/split_panel.h"
#include "ui/widgets/format.h"

#include <QFile>
#include <QLineEdit>
#include <QStackedWidget>

// Of DataWorkspace: the states that the tour shows.

namespace attune::ui {

namespace {

constexpr std::int64_t UsualLength = 512;
constexpr std::int64_t ShortLength = 200; // at which rows of the sample are cut

/// A table as a help desk writes it: columns with names of their own, one line with too few fields, one without
/// answer.
constexpr auto Tickets =
    "ticket,customer mail,our reply,team,language\n"
    "4401,The blinds I ordered are 10 cm too short. Can I send them back?,\"{\"\"summary\"\": \"\"Customer wants to return "
    "blinds that are too short.\"\", \"\"intent\"\": \"\"return\"\", \"\"order_id\"\": null, \"\"product\"\": \"\"blinds\"\", "
    "\"\"urgency\"\": \"\"low\"\"}\",returns,en\n"
    "4402,Where is my order HK-20417? It should have been here on Monday.,\"{\"\"summary\"\": \"\"Customer asks where a late "
    "order is.\"\", \"\"intent\"\": \"\"delivery_status\"\", \"\"order_id\"\": \"\"HK-20417\"\", \"\"product\"\": null, "
    "\"\"urgency\"\": \"\"medium\"\"}\",delivery,en\n"
    "4403,Please send me the invoice for HK-31118 once more\n"
    "4404,\"Hello,\n\nthe new kettle trips the fuse every time. Is it safe to use?\",\"{\"\"summary\"\": \"\"Customer's kettle "
    "trips the fuse.\"\", \"\"intent\"\": \"\"defect\"\", \"\"order_id\"\": null, \"\"product\"\": \"\"kettle\"\", \"\"urgency\"\": "
    "\"\"high\"\"}\",quality,en\n"
    "4405,Kann ich die Lampe auch in Schwarz bekommen?,,sales,de\n"
    "4406,Do you ship to Norway?,\"{\"\"summary\"\": \"\"Customer asks whether the shop ships to Norway.\"\", \"\"intent\"\": "
    "\"\"delivery_question\"\", \"\"order_id\"\": null, \"\"product\"\": null, \"\"urgency\"\": \"\"low\"\"}\",delivery,en\n";

} // namespace

QList<TourState> DataWorkspace::tourStates()
{
    const auto plain = [this] {
        m_pages->setCurrentWidget(m_page);
        m_editor->setFocusMode(false);
        m_session.setMaxLength(UsualLength);
        m_query->clear();
        m_list->setTableShown(false);
        showPanel(nullptr);
        m_list->focusRows();
    };
    const auto counted = [this] {
        return ready() && !m_checks->checking() && m_session.encoder() && m_list->histogram()->lengths().rows() > 0;
    };
    const auto list = [this] { return ready(); };
    const auto panel = [this, plain](const std::function<SidePanel &()> &of) {
        return [this, plain, of] {
            plain();
            showPanel(&of());
        };
    };
    const auto import = [this, plain](ImportStep step) {
        return [this, plain, step] {
            plain();
            const QString file = fromUtf8((m_session.path().parent_path() / "tickets.csv").string());
            QFile table(file);
            if (step == ImportStep::Files && table.open(QIODevice::WriteOnly))
                table.write(Tickets);
            table.close();
            if (step == ImportStep::Files)
                startImport({file});
            m_pages->setCurrentWidget(&importWizard());
            m_import->setStep(step);
        };
    };
    const auto checked = [this](ImportStep step) {
        return [this, step] {
            if (m_import->checking() || !m_import->checked())
                return false;
            if (m_import->step() != step)
                m_import->setStep(step); // a table leads on to its columns by itself
            return true;
        };
    };
    return {
        {QString(), plain, counted},
        {QStringLiteral("typing"), plain,
         [this] {
             if (!ready())
                 return false;
             if (!m_editor->typing())
                 m_editor->startTyping();
             return m_editor->typing();
         }},
        {QStringLiteral("cut"),
         [this, plain] {
             plain();
             m_session.setMaxLength(ShortLength);
             m_query->toggle({Facet::Problem, static_cast<std::int64_t>(ProblemKind::Cut)}, false);
         },
         list},
        {QStringLiteral("focus"),
         [this, plain] {
             plain();
             m_editor->setFocusMode(true);
         },
         list},
        {QStringLiteral("table"),
         [this, plain] {
             plain();
             m_list->setTableShown(true);
         },
         list},
        {QStringLiteral("nothing-found"),
         [this, plain] {
             plain();
             m_query->setSearch(QStringLiteral("zeppelin"));
         },
         list},
        {QStringLiteral("health"), panel([this]() -> SidePanel & { return health(); }),
         [this] { return ready() && !m_checks->checking() && health().loaded(); }},
        {QStringLiteral("duplicates"),
         [this, plain] {
             plain();
             showPanel(&health());
             health().reviewKind(ProblemKind::NearDuplicate);
         },
         list},
        {QStringLiteral("split"), panel([this]() -> SidePanel & { return split(); }),
         [this] { return ready() && split().loaded(); }},
        {QStringLiteral("replace"),
         [this, plain] {
             plain();
             findReplace().setRows(m_list->model().ids(), m_list->selectedIds());
             showPanel(&findReplace());
             findReplace().findChild<QLineEdit *>(QStringLiteral("findText"))->setText(QStringLiteral("order"));
             findReplace().findChild<QLineEdit *>(QStringLiteral("replaceText"))->setText(QStringLiteral("purchase"));
         },
         [this] { return ready() && !findReplace().searching() && findReplace().found() > 0; }},
        {QStringLiteral("versions"), panel([this]() -> SidePanel & { return versions(); }),
         [this] { return ready() && versions().loaded(); }},
        {QStringLiteral("import-files"), import(ImportStep::Files), checked(ImportStep::Files)},
        {QStringLiteral("import-columns"), import(ImportStep::Columns), checked(ImportStep::Columns)},
        {QStringLiteral("import-check"), import(ImportStep::Check), checked(ImportStep::Check)},
        {QStringLiteral("import-split"), import(ImportStep::Split), checked(ImportStep::Split)},
    };
}

} // namespace attune::ui
