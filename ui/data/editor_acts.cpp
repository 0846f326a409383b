#include "ui/data/editor.h"

#include "ui/data/data_words.h"
#include "ui/data/editor_cards.h"
#include "ui/data/editor_header.h"
#include "ui/data/editor_keys.h"
#include "ui/data/editor_snippets.h"
#include "ui/data/editor_tokens.h"
#include "ui/data/editor_versions.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"

#include <QActionGroup>
#include <QMenu>

#include <algorithm>
#include <array>

namespace attune::ui {

// What the keys and buttons of the editor do to rows.

bool ExampleEditor::mayChange() const
{
    return m_row && !m_session.readOnly();
}

std::vector<std::int64_t> ExampleEditor::targets() const
{
    if (m_selection.size() > 1 && std::ranges::find(m_selection, m_id) != m_selection.end())
        return m_selection;
    return {m_id};
}

QString ExampleEditor::inWords(const std::vector<std::int64_t> &ids) const
{
    return ids.size() == 1 ? tr("Row %1").arg(ids.front())
                           : tr("%1 rows").arg(formatCount(static_cast<qint64>(ids.size())));
}

void ExampleEditor::sayDone(const EditStep &step)
{
    if (step.rows.empty())
        return; // it was so already
    Toast toast{fromUtf8(step.label), Tone::Ok, tr("Undo")};
    toast.key = m_typing ? QStringLiteral("Ctrl+Z") : QStringLiteral("u");
    toast.act = [this] { undo(true); };
    m_session.toast(toast);
}

void ExampleEditor::apply(const QString &what, EditOf edit)
{
    if (!mayChange())
        return;
    m_draft->keep();
    const auto ids = targets();
    m_session.change<EditStep>(
        this,
        [ids, edit = std::move(edit), what = toUtf8(inWords(ids) + QLatin1Char(' ') + what)](
            Project &project) -> Result<EditStep> {
            std::vector<ExampleEdit> edits;
            for (const std::int64_t id : ids) {
                ATTUNE_TRY(const auto row, project.example(id));
                if (!row)
                    continue; // deleted in the meantime
                if (auto one = edit(*row))
                    edits.push_back(std::move(*one));
            }
            return edits.empty() ? Result<EditStep>(EditStep()) : Labelling(project).apply(what, edits);
        },
        [this](Result<EditStep> step) {
            if (step)
                sayDone(*step);
            else
                m_session.report(step.error());
        });
}

// --- labels ---

void ExampleEditor::label(LabelState state, bool next)
{
    if (!mayChange())
        return;
    const bool many = targets().size() > 1;
    apply(fromUtf8(name(state)), [state](const StoredExample &row) -> std::optional<ExampleEdit> {
        if (row.state == state)
            return std::nullopt;
        return ExampleEdit{.id = row.id, .state = state};
    });
    if (next && !many)
        Q_EMIT nextRequested();
}

void ExampleEditor::toggleFlag()
{
    if (!mayChange())
        return;
    const bool off = m_row->example.state == LabelState::Flagged;
    const LabelState state = off ? LabelState::ToLabel : LabelState::Flagged;
    apply(off ? tr("no longer flagged") : tr("flagged"),
          [state](const StoredExample &row) -> std::optional<ExampleEdit> {
              if (row.state == state)
                  return std::nullopt;
              return ExampleEdit{.id = row.id, .state = state};
          });
}

void ExampleEditor::rate(int rating)
{
    if (!mayChange())
        return;
    if (m_row->example.rating == rating)
        rating = 0;
    apply(rating == 0 ? tr("no longer rated") : tr("rated %1").arg(rating),
          [rating](const StoredExample &row) -> std::optional<ExampleEdit> {
              if (row.rating == rating)
                  return std::nullopt;
              return ExampleEdit{.id = row.id, .rating = rating};
          });
}

void ExampleEditor::choosePart()
{
    if (!mayChange())
        return;
    auto *menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("partMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const std::array<std::pair<Part, QString>, 3> parts{{{Part::Train, tr("&Train")},
                                                         {Part::Validation, tr("&Validation")},
                                                         {Part::Test, tr("T&est")}}};
    for (const auto &[part, word] : parts) {
        QAction *const action = menu->addAction(word);
        action->setCheckable(true);
        action->setChecked(m_row->example.part == part);
        connect(action, &QAction::triggered, this, [this, part = part] { setPart(part); });
    }
    const QWidget *const at = m_header->partButton();
    menu->popup(at->mapToGlobal(QPoint(0, at->height() + 2)));
}

void ExampleEditor::setPart(Part part)
{
    apply(tr("moved to %1").arg(fromUtf8(name(part))),
          [part](const StoredExample &row) -> std::optional<ExampleEdit> {
              if (row.part == part)
                  return std::nullopt;
              ExampleEdit edit{.id = row.id};
              edit.part = part;
              return edit;
          });
}

void ExampleEditor::addTag(const QString &tag)
{
    apply(tr("tagged %1").arg(tag), [word = toUtf8(tag)](const StoredExample &row) -> std::optional<ExampleEdit> {
        if (std::ranges::find(row.tags, word) != row.tags.end())
            return std::nullopt;
        ExampleEdit edit{.id = row.id, .tags = row.tags};
        edit.tags->push_back(word);
        return edit;
    });
}

void ExampleEditor::removeTag(const QString &tag)
{
    apply(tr("without tag %1").arg(tag),
          [word = toUtf8(tag)](const StoredExample &row) -> std::optional<ExampleEdit> {
              ExampleEdit edit{.id = row.id, .tags = row.tags};
              return std::erase(*edit.tags, word) > 0 ? std::optional(std::move(edit)) : std::nullopt;
          });
}

void ExampleEditor::completeTags()
{
    m_session.ask<FacetCounts>(
        this, QStringLiteral("tags"), [](Project &project) { return Labelling(project).facets({}); },
        [this](Result<FacetCounts> counts) {
            if (!counts)
                return; // a tag can be typed whole
            QStringList tags;
            for (const CountOf &one : counts->tags)
                tags.append(fromUtf8(one.value));
            m_header->setKnownTags(tags);
        });
}

// --- the row as a whole ---

void ExampleEditor::duplicate()
{
    if (!mayChange())
        return;
    m_draft->keep();
    m_session.change<EditStep>(
        this,
        [id = m_id](Project &project) -> Result<EditStep> {
            ATTUNE_TRY(const auto row, project.example(id));
            if (!row)
                return fail(ErrorCode::NotFound, "Row " + std::to_string(id) + " was deleted.");
            const Example copy{row->messages, {}, row->part, row->tags};
            return Labelling(project).insert("Row " + std::to_string(id) + " duplicated", std::span(&copy, 1));
        },
        [this](Result<EditStep> step) {
            if (!step) {
                m_session.report(step.error());
                return;
            }
            sayDone(*step);
            if (!step->rows.empty())
                Q_EMIT exampleRequested(step->rows.back());
        });
}

void ExampleEditor::undo(bool back)
{
    m_draft->keep();
    m_draft->expectChange();
    if (back)
        m_session.undo();
    else
        m_session.redo();
}

void ExampleEditor::restoreVersion(std::int64_t version)
{
    if (!mayChange() || version == 0)
        return;
    m_draft->keep();
    m_draft->expectChange();
    m_session.change<EditStep>(
        this, [id = m_id, version](Project &project) { return Labelling(project).restore(id, version); },
        [this](Result<EditStep> step) {
            if (step)
                sayDone(*step);
            else
                m_session.report(step.error());
        });
}

void ExampleEditor::raiseMaxLength(std::int64_t tokens)
{
    m_session.setMaxLength(tokens);
    m_session.toast({tr("max_length is %1 from the next run on").arg(formatCount(tokens)), Tone::Ok});
}

// --- problems ---

void ExampleEditor::explain(ProblemKind kind)
{
    if (!m_row)
        return;
    QStringList details;
    std::int64_t other = 0;
    for (const StoredProblem &problem : m_row->problems) {
        if (problem.kind != kind)
            continue;
        if (!problem.detail.empty())
            details.append(fromUtf8(problem.detail));
        other = other == 0 ? problem.other : other;
    }
    QString text = problemMeaning(kind);
    if (!details.isEmpty())
        text += QLatin1Char(' ') + tr("Here: %1.").arg(details.join(QStringLiteral("; ")));

    const auto hide = [this] { m_explanation->hide(); };
    InlineNotice::Links links;
    const auto link = [&](const QString &word, std::function<void()> act) {
        links.append({word, [hide, act = std::move(act)] {
                          hide();
                          act();
                      }});
    };
    if (other != 0 && other != m_id)
        link(tr("Show row %1").arg(other), [this, other] { Q_EMIT exampleRequested(other); });
    const ShownPreview *const shown = m_tokens->shown();
    switch (kind) {
    case ProblemKind::Cut:
        if (shown && shown->preview) {
            text = tr("%1 of %2 tokens are behind max_length %3 and are not trained on.")
                       .arg(formatCount(shown->preview->cut), formatCount(shown->preview->total()),
                            formatCount(shown->maxLength));
            const auto raised = EditorTokens::raisedLength(*shown->preview);
            if (raised > shown->maxLength)
                link(tr("Raise to %1").arg(raised), [this, raised] { raiseMaxLength(raised); });
        }
        if (hasQuotes(m_draft->turns()))
            link(tr("Trim quoted mail"), [this] { trimQuotes(); });
        break;
    case ProblemKind::Duplicate:
    case ProblemKind::NearDuplicate:
        link(tr("Delete this row"), [this] {
            apply(tr("deleted"), [](const StoredExample &row) {
                return std::optional(ExampleEdit{.id = row.id, .deleted = true});
            });
        });
        break;
    case ProblemKind::Leak:
        if (other != 0)
            link(tr("Move to the split of row %1").arg(other), [this, other] { moveToSplitOf(other); });
        break;
    case ProblemKind::EmptyTurn:
        link(tr("Delete empty turns"), [this] {
            Turns turns = m_draft->turns();
            std::erase_if(turns, [](const Message &turn) {
                return turn.content.find_first_not_of(" \t\r\n") == std::string::npos;
            });
            m_draft->restructure("Empty turns deleted in row " + std::to_string(m_id), std::move(turns));
        });
        break;
    case ProblemKind::RoleOrder:
        if (const int odd = firstOddTurn(m_draft->turns()); odd >= 0)
            link(tr("Go to turn %1").arg(odd + 1), [this, odd] { m_cards->startTyping(odd); });
        break;
    case ProblemKind::OddEncoding:
        link(tr("Show it"), [this] {
            const Turns &turns = m_draft->turns();
            for (std::size_t i = 0; i < turns.size(); ++i) {
                const QString content = fromUtf8(turns[i].content);
                if (content.contains(QChar::ReplacementCharacter)) {
                    m_cards->card(static_cast<int>(i))->selectFirst(QString(QChar::ReplacementCharacter));
                    return;
                }
            }
            startTyping();
        });
        break;
    case ProblemKind::PersonalData:
        for (const QString &found : std::as_const(details)) {
            for (int i = 0; i < m_cards->count(); ++i) {
                if (!fromUtf8(m_draft->turns()[static_cast<std::size_t>(i)].content).contains(found))
                    continue;
                link(tr("Show it"), [this, i, found] { m_cards->card(i)->selectFirst(found); });
                break;
            }
        }
        break;
    case ProblemKind::NoAnswer:
    case ProblemKind::ShortAnswer:
    case ProblemKind::NotJson:
    case ProblemKind::MissingKeys:
    case ProblemKind::NothingTrained:
    case ProblemKind::RareLabel: link(tr("Write the answer"), [this] { writeAnswer(); }); break;
    case ProblemKind::EndTokenMissing:
    case ProblemKind::DropsTurn:
    case ProblemKind::Count: break;
    }
    link(tr("Reject row"), [this] { label(LabelState::Rejected, false); });
    link(tr("Close"), [] {});
    m_explanation->show(problemTone(kind), text, links);
}

void ExampleEditor::moveToSplitOf(std::int64_t other)
{
    if (!mayChange())
        return;
    m_session.change<EditStep>(
        this,
        [id = m_id, other](Project &project) -> Result<EditStep> {
            ATTUNE_TRY(const auto row, project.example(other));
            if (!row)
                return fail(ErrorCode::NotFound, "Row " + std::to_string(other) + " was deleted.");
            ExampleEdit edit{.id = id};
            edit.part = row->part;
            return Labelling(project).apply("Row " + std::to_string(id) + " moved to the split of row " +
                                                std::to_string(other),
                                            std::span(&edit, 1));
        },
        [this](Result<EditStep> step) {
            if (step)
                sayDone(*step);
            else
                m_session.report(step.error());
        });
}

// --- snippets ---

void ExampleEditor::chooseSnippet()
{
    RoleCard *const card = m_cards->currentCard();
    if (!mayChange() || !card || !card->edit()->hasFocus())
        return;
    auto *menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("snippetMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    int number = 0;
    for (const Snippet &snippet : m_snippets->all()) {
        ++number;
        const QString title = snippet.name.isEmpty() ? oneLine(snippet.text, 40) : snippet.name;
        QString shown = title;
        shown.replace(QLatin1Char('&'), QLatin1String("&&"));
        QAction *const action =
            menu->addAction(number <= 9 ? QStringLiteral("&%1  %2").arg(number).arg(shown) : shown);
        action->setToolTip(snippet.text);
        connect(action, &QAction::triggered, this, [card, text = snippet.text] { card->insertText(text); });
    }
    if (number > 0)
        menu->setActiveAction(menu->actions().front());
    else
        menu->addAction(tr("No snippet yet"))->setEnabled(false);
    menu->addSeparator();
    const QString selected = card->edit()->textCursor().selectedText().replace(QChar::ParagraphSeparator,
                                                                               QLatin1Char('\n'));
    QAction *const keep = menu->addAction(tr("Make a snippet of the selection"));
    keep->setEnabled(!selected.isEmpty());
    connect(keep, &QAction::triggered, this, [this, selected] {
        openSide(m_snippetPanel);
        m_snippetPanel->add({{}, selected});
    });
    menu->addAction((*m_keys)[EditorKeys::Snippets]);
    menu->popup(card->edit()->viewport()->mapToGlobal(card->edit()->cursorRect().bottomLeft()));
}

} // namespace attune::ui
