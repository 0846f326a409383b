#include "ui/data/facets_panel.h"

#include "ui/data/data_words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/split_bar.h"

#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QTimer>
#include <QVBoxLayout>

namespace attune::ui {

namespace {

constexpr int TypingPause = 60; // ms: a word typed quickly is one question

class FacetDelegate final : public QStyledItemDelegate {
public:
    FacetDelegate(const FacetsModel &model, QObject *parent) : QStyledItemDelegate(parent), m_model(model) {}

    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &index) const override
    {
        const bool head = m_model.line(index.row()).kind == FacetLine::Head;
        return {scaled(120), scaled(head ? 36 : 24)};
    }

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        const FacetLine &line = m_model.line(index.row());
        const bool focused =
            (option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange);
        const QRect row = option.rect.adjusted(scaled(6), 0, -scaled(6), 0);
        const QRect area = row.adjusted(scaled(6), 0, -scaled(6), 0);
        if (line.kind == FacetLine::Head) {
            const QRect lower = area.adjusted(0, scaled(12), 0, 0);
            drawText(painter, lower, line.words, TextStyle::Small, Token::Text2);
            drawText(painter, lower, line.note, TextStyle::Small, line.more ? Token::Accent : Token::Text3,
                     Qt::AlignRight | Qt::AlignVCenter);
        } else {
            if (line.on || (option.state & QStyle::State_MouseOver)) {
                painter->save();
                painter->setRenderHint(QPainter::Antialiasing);
                painter->setPen(Qt::NoPen);
                painter->setBrush(color(line.on ? Token::Select : Token::Hover));
                painter->drawRoundedRect(row, 4, 4);
                painter->restore();
            }
            paintValue(painter, area, line);
        }
        if (focused)
            drawFocusRing(painter, row, 4, false);
    }

private:
    static int drawIcon(QPainter *painter, const QRect &area, const char *name, Token token)
    {
        const int size = scaled(14);
        const QRect box(area.left(), area.center().y() - size / 2 + 1, size, size);
        painter->drawPixmap(box, iconPixmap(name, token, size, painter->device()->devicePixelRatioF()));
        return scaled(20);
    }

    void paintValue(QPainter *painter, const QRect &area, const FacetLine &line) const
    {
        const Token text = line.on ? Token::Accent : Token::Text;
        const QString count = formatCount(line.rows);
        const int countWidth = textWidth(count, TextStyle::MonoSmall) + scaled(6);
        drawText(painter, area, count, TextStyle::MonoSmall, line.on ? Token::Accent : Token::Text3,
                 Qt::AlignRight | Qt::AlignVCenter);
        QRect rest = area.adjusted(0, 0, -countWidth, 0);
        switch (line.value.facet) {
        case Facet::Part: {
            const auto part =
                line.value.number < 0 ? std::nullopt : std::optional(static_cast<Part>(line.value.number));
            drawPartMark(painter, {rest.left(), rest.top(), scaled(9), rest.height()}, part);
            rest.setLeft(rest.left() + scaled(15));
            break;
        }
        case Facet::State:
            drawState(painter, {rest.left() - scaled(1), rest.top(), scaled(16), rest.height()},
                      static_cast<LabelState>(line.value.number));
            rest.setLeft(rest.left() + scaled(20));
            break;
        case Facet::Problem: {
            const auto kind = static_cast<ProblemKind>(line.value.number);
            const Token tone = line.on          ? Token::Accent
                               : line.rows == 0 ? Token::Text3
                               : problemTone(kind) == Tone::Bad ? Token::Bad
                                                                : Token::Warn;
            rest.setLeft(rest.left() + drawIcon(painter, rest, problemIcon(kind), tone));
            break;
        }
        case Facet::Rating:
            if (line.value.number > 0) {
                drawStars(painter, rest, static_cast<int>(line.value.number), line.on ? Token::Accent : Token::Text2);
                return;
            }
            break;
        default: break;
        }
        drawText(painter, rest, line.words, TextStyle::Body, text);
        if (line.value.facet == Facet::Part && line.value.number == static_cast<std::int64_t>(Part::Test)) {
            const int behind = textWidth(line.words, TextStyle::Body) + scaled(6);
            drawIcon(painter, rest.adjusted(behind, 0, 0, 0), line.locked ? "lock" : "unlock", Token::Text2);
        }
    }

    const FacetsModel &m_model;
};

} // namespace

FacetsPanel::FacetsPanel(DataQuery &query, QWidget *parent)
    : QWidget(parent), m_query(query), m_model(new FacetsModel(query, this)), m_search(new QLineEdit),
      m_typing(new QTimer(this)), m_error(new InlineNotice(Tone::Bad)), m_bar(new SplitBar),
      m_testNotice(new InlineNotice(Tone::Warn)), m_list(new QListView)
{
    setObjectName(QStringLiteral("facets"));
    setAccessibleName(tr("Filters"));
    setBackground(this, Token::Sunken);
    followTheme(this, [this] { setMinimumWidth(scaled(180)); });

    m_search->setObjectName(QStringLiteral("search"));
    m_search->setAccessibleName(tr("Search rows"));
    m_search->setPlaceholderText(tr("Search, tag:, tokens>"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(icon("search", Token::Text3), QLineEdit::LeadingPosition);
    m_search->setToolTip(
        tr("Words, a \"phrase\", -word, tag:x, split:test, state:flagged, problem:cut, file:x, turns>2, "
           "tokens>400, rating<3, #218"));
    m_search->installEventFilter(this);
    m_typing->setSingleShot(true);
    m_typing->setInterval(TypingPause);
    connect(m_search, &QLineEdit::textChanged, m_typing, qOverload<>(&QTimer::start));
    connect(m_typing, &QTimer::timeout, this, [this] { m_query.setSearch(m_search->text()); });
    m_error->setObjectName(QStringLiteral("searchError"));
    m_error->hide();

    auto *split = new QLabel(facetWord(Facet::Part));
    split->setProperty("small", true);
    auto *change = new KeyButton(tr("Change"), KeyButton::Link);
    change->setObjectName(QStringLiteral("changeSplit"));
    change->setAccessibleName(tr("Change the split"));
    connect(change, &QPushButton::clicked, this, &FacetsPanel::splitAsked);
    m_bar->setAccessibleName(tr("Split of the rows"));
    connect(m_bar, &SplitBar::partClicked, this, [this](int part) {
        if (part == static_cast<int>(Part::Test) && !m_query.value().testRows)
            askForTestRows();
        else
            m_query.toggle({Facet::Part, part}, false);
    });
    m_testNotice->setObjectName(QStringLiteral("testNotice"));
    m_testNotice->hide();

    m_list->setObjectName(QStringLiteral("facetList"));
    m_list->setAccessibleName(tr("Filters with counts"));
    m_list->setModel(m_model);
    m_list->setItemDelegate(new FacetDelegate(*m_model, m_list));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setSelectionMode(QAbstractItemView::NoSelection);
    m_list->setMouseTracking(true);
    setBackground(m_list->viewport(), Token::Sunken);
    setBackground(m_list, Token::Sunken);
    m_list->installEventFilter(this);
    m_list->viewport()->installEventFilter(this);

    auto *splitHead = new QHBoxLayout;
    splitHead->addWidget(split, 1);
    splitHead->addWidget(change);
    auto *top = new QVBoxLayout;
    top->setContentsMargins(scaled(12), scaled(10), scaled(12), scaled(6));
    top->setSpacing(scaled(4));
    top->addWidget(m_search);
    top->addWidget(m_error);
    top->addSpacing(scaled(4));
    top->addLayout(splitHead);
    top->addWidget(m_bar);
    top->addWidget(m_testNotice);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(top);
    layout->addWidget(m_list, 1);

    connect(&query, &DataQuery::changed, this, &FacetsPanel::queryChanged);
    connect(&Theme::instance(), &Theme::changed, m_list, &QListView::doItemsLayout);
}

void FacetsPanel::queryChanged()
{
    const QString search = fromUtf8(m_query.value().search);
    // Only where somebody else changed it: what is being typed has precedence.
    if (search != m_search->text().trimmed() && !m_typing->isActive()) {
        m_search->setText(search); // its clear button goes by the signal
        m_typing->stop();
    }
    if (m_query.value().testRows)
        m_testNotice->hide();
}

void FacetsPanel::setCounts(const FacetCounts &counts)
{
    m_model->setCounts(counts);
    m_bar->setCounts(counts.parts[0], counts.parts[1], counts.parts[2]);
}

void FacetsPanel::setSearchError(const QString &sentence)
{
    m_error->show(Tone::Bad, sentence);
}

void FacetsPanel::askForTestRows()
{
    const QString looks = m_testLooks == 0   ? tr("nobody has looked at them yet")
                          : m_testLooks == 1 ? tr("looked at once")
                                             : tr("looked at %1 times").arg(m_testLooks);
    m_testNotice->show(Tone::Warn, tr("Test rows are the judge: %1. Each look is counted.").arg(looks),
                       {{tr("Show test rows"),
                         [this] {
                             answerTestRows();
                             Q_EMIT testRowsConfirmed();
                         }},
                        {tr("Leave hidden"), [this] { answerTestRows(); }}});
    if (auto *first = m_testNotice->findChild<QAbstractButton *>()) // the answer is a key away
        first->setFocus(Qt::OtherFocusReason);
}

void FacetsPanel::answerTestRows()
{
    m_list->setFocus(Qt::OtherFocusReason); // else it goes to whatever comes first in the window
    m_testNotice->hide();
}

void FacetsPanel::showFacet(Facet facet)
{
    const int row = m_model->rowOfHead(facet);
    if (row < 0)
        return;
    const int first = m_model->line(row).kind == FacetLine::Head ? row + 1 : row;
    m_list->scrollTo(m_model->index(row), QAbstractItemView::PositionAtTop);
    m_list->setCurrentIndex(m_model->index(first));
    m_list->setFocus(Qt::ShortcutFocusReason);
}

void FacetsPanel::choose(const QModelIndex &index, bool add)
{
    if (!index.isValid() || !(index.flags() & Qt::ItemIsEnabled))
        return;
    const FacetLine line = m_model->line(index.row()); // a copy: the model is built anew meanwhile
    if (line.kind == FacetLine::Head)
        m_model->setExpanded(line.value.facet, !m_model->expanded(line.value.facet));
    else if (line.locked)
        askForTestRows();
    else
        m_query.toggle(line.value, add);
}

bool FacetsPanel::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_search && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        if (key == Qt::Key_Escape && !m_search->text().isEmpty()) {
            m_search->clear();
            return true;
        }
        if (key == Qt::Key_Escape || key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Down) {
            if (m_typing->isActive()) {
                m_typing->stop();
                m_query.setSearch(m_search->text());
            }
            Q_EMIT leave();
            return true;
        }
    }
    if (watched == m_list && event->type() == QEvent::KeyPress) {
        auto *press = static_cast<QKeyEvent *>(event);
        if (press->key() == Qt::Key_Space || press->key() == Qt::Key_Return || press->key() == Qt::Key_Enter) {
            choose(m_list->currentIndex(), press->modifiers() & Qt::ControlModifier);
            return true;
        }
        if (press->key() == Qt::Key_Escape) {
            Q_EMIT leave();
            return true;
        }
    }
    if (watched == m_list->viewport() && event->type() == QEvent::MouseButtonRelease) {
        auto *release = static_cast<QMouseEvent *>(event);
        if (release->button() == Qt::LeftButton)
            choose(m_list->indexAt(release->position().toPoint()), release->modifiers() & Qt::ControlModifier);
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace attune::ui
