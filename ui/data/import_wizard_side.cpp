#include "ui/data/import_wizard_side.h"

#include "ui/data/data_words.h"
#include "ui/theme/draw.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/follow_theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/panel_header.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace attune::ui {

namespace {

constexpr int ByColumns = -1; ///< data of a choice of the format; the others are a DataFormat

QLabel *strongLabel(const QString &text)
{
    auto *label = new QLabel(text);
    label->setProperty("strong", true);
    return label;
}

QString sizeWords(const ImportSource &source)
{
    if (source.text)
        return formatBytes(static_cast<qint64>(source.text->size()));
    return formatBytes(QFileInfo(fromUtf8(source.file.string())).size());
}

QString formatWords(const FormatGuess &guess)
{
    if (guess.separator == '\t')
        return ImportSide::tr("TSV");
    if (guess.separator != 0)
        return ImportSide::tr("CSV, \"%1\"").arg(QLatin1Char(guess.separator));
    return guess.jsonArray ? ImportSide::tr("JSON array") : ImportSide::tr("JSON lines");
}

/// Of several files with columns: whether they have the same ones.
QString sameColumnsWords(const CheckedImport *checked)
{
    if (!checked || checked->files.size() < 2 || !checked->usesColumns)
        return {};
    const auto names = [](const ImportPreview &file) {
        std::set<std::string> all;
        for (const PreviewColumn &column : file.columns)
            all.insert(column.name);
        return all;
    };
    const auto first = names(checked->files.front());
    const bool same = std::all_of(checked->files.begin(), checked->files.end(),
                                  [&](const ImportPreview &file) { return names(file) == first; });
    return same ? ImportSide::tr("✓ same columns in all")
                : ImportSide::tr("The files differ in their columns: check their roles.");
}

} // namespace

StepButton::StepButton(int number, const QString &name, QWidget *parent) : QPushButton(name, parent), m_number(number)
{
    setCheckable(true);
    setFlat(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setDetail({});
}

void StepButton::setDetail(const QString &detail)
{
    m_detail = detail;
    setAccessibleName(detail.isEmpty() ? tr("Step %1: %2").arg(m_number).arg(text())
                                       : tr("Step %1: %2, %3").arg(m_number).arg(text(), detail));
    update();
}

void StepButton::setDone(bool done)
{
    m_done = done;
    update();
}

QSize StepButton::sizeHint() const
{
    return {scaled(190), scaled(34)};
}

void StepButton::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool current = isChecked();
    if (current || underMouse())
        fillRounded(&painter, rect(), scaled(4), color(current ? Token::Select : Token::Hover));
    const int side = scaled(20);
    const QRect ring(scaled(10), (height() - side) / 2, side, side);
    const Token tone = !isEnabled()         ? Token::Text3
                       : m_done && !current ? Token::Ok
                       : current            ? Token::Fill
                                            : Token::Text2;
    painter.setPen(QPen(color(tone), 1));
    painter.setBrush(current ? QBrush(color(Token::Fill)) : QBrush(Qt::NoBrush));
    painter.drawEllipse(QRectF(ring).adjusted(0.5, 0.5, -0.5, -0.5));
    if (m_done && !current) {
        const int mark = scaled(14);
        painter.drawPixmap(ring.center().x() - mark / 2 + 1, ring.center().y() - mark / 2 + 1,
                           iconPixmap("check", Token::Ok, mark, devicePixelRatioF()));
    } else {
        drawText(&painter, ring, QString::number(m_number), TextStyle::Caption, current ? Token::OnFill : tone,
                 Qt::AlignCenter);
    }
    const QRect words = rect().adjusted(scaled(38), 0, -scaled(8), 0);
    drawText(&painter, words, text(), current ? TextStyle::Strong : TextStyle::Body,
             !isEnabled() ? Token::Text3 : current ? Token::Accent : Token::Text);
    const int used = textWidth(text(), TextStyle::Strong) + scaled(8);
    drawText(&painter, words.adjusted(used, 0, 0, 0), m_detail, TextStyle::Caption, Token::Text3,
             Qt::AlignRight | Qt::AlignVCenter);
    if (hasFocus())
        drawFocusRing(&painter, rect(), scaled(4), false);
}

ImportSide::ImportSide(QWidget *parent) : QWidget(parent), m_files(new QVBoxLayout), m_sameColumns(new QLabel)
{
    setBackground(this, Token::Window);
    auto *header = new PanelHeader(tr("Import"));
    auto *close = new IconButton("close", tr("Close without importing"));
    close->setObjectName(QStringLiteral("closeImport"));
    header->addWidget(close);
    connect(close, &QToolButton::clicked, this, &ImportSide::closeAsked);

    auto *steps = new QVBoxLayout;
    steps->setSpacing(scaled(2));
    const QStringList names{tr("Files"), tr("Columns"), tr("Check"), tr("Split")};
    for (int i = 0; i < names.size(); ++i) {
        auto *button = new StepButton(i + 1, names[i]);
        button->setObjectName(QStringLiteral("importStep%1").arg(i + 1));
        connect(button, &QPushButton::clicked, this, [this, i] { Q_EMIT stepAsked(static_cast<ImportStep>(i)); });
        m_steps << button;
        steps->addWidget(button);
    }

    auto *add = new KeyButton(tr("Add"), KeyButton::Link);
    add->setObjectName(QStringLiteral("addFiles"));
    add->setAccessibleName(tr("Add files"));
    connect(add, &QPushButton::clicked, this, &ImportSide::addAsked);
    auto *filesHead = new QHBoxLayout;
    filesHead->addWidget(strongLabel(tr("Files")), 1);
    filesHead->addWidget(add);
    m_files->setSpacing(scaled(6));

    m_sameColumns->setProperty("caption", true);
    m_sameColumns->setWordWrap(true);
    m_sameColumns->setObjectName(QStringLiteral("sameColumns"));

    auto *reading = new QVBoxLayout;
    reading->setSpacing(scaled(4));
    m_format = addReading(reading, tr("Format"), QStringLiteral("importFormat"), tr("Format of the files"));
    m_format->addItem(tr("As guessed"), static_cast<int>(DataFormat::Auto));
    m_format->addItem(tr("By columns"), ByColumns);
    m_format->addItem(tr("Table, commas (CSV)"), static_cast<int>(DataFormat::Csv));
    m_format->addItem(tr("Table, tabs (TSV)"), static_cast<int>(DataFormat::Tsv));
    m_format->addItem(tr("OpenAI chat"), static_cast<int>(DataFormat::OpenAi));
    m_format->addItem(tr("ShareGPT"), static_cast<int>(DataFormat::ShareGpt));
    m_format->addItem(tr("Alpaca"), static_cast<int>(DataFormat::Alpaca));
    m_format->addItem(tr("Prompt, completion"), static_cast<int>(DataFormat::PromptCompletion));
    connect(m_format, &QComboBox::activated, this, [this] {
        const int chosen = m_format->currentData().toInt();
        Q_EMIT formatChosen(chosen == ByColumns ? DataFormat::Auto : static_cast<DataFormat>(chosen),
                            chosen == ByColumns);
    });
    m_encoding = addReading(reading, tr("Text"), QStringLiteral("importEncoding"), tr("Encoding of the text"));
    m_encoding->addItem(tr("As guessed"), static_cast<int>(TextEncoding::Auto));
    m_encoding->addItem(tr("UTF-8"), static_cast<int>(TextEncoding::Utf8));
    m_encoding->addItem(tr("UTF-16"), static_cast<int>(TextEncoding::Utf16));
    m_encoding->addItem(tr("Latin-1 (Windows)"), static_cast<int>(TextEncoding::Latin1));
    connect(m_encoding, &QComboBox::activated, this,
            [this] { Q_EMIT encodingChosen(static_cast<TextEncoding>(m_encoding->currentData().toInt())); });
    m_firstLine = addReading(reading, tr("First line"), QStringLiteral("importFirstLine"),
                             tr("What the first line of a table is"));
    m_firstLine->addItem(tr("names"));
    m_firstLine->addItem(tr("a row"));
    connect(m_firstLine, &QComboBox::activated, this, [this](int chosen) { Q_EMIT firstLineChosen(chosen == 0); });

    auto *promise = new QLabel(
        tr("Nothing changes in the project until you press Import. One undo takes the whole import back."));
    promise->setProperty("caption", true);
    promise->setWordWrap(true);

    auto *body = new QVBoxLayout;
    body->setContentsMargins(scaled(12), scaled(8), scaled(12), scaled(12));
    body->setSpacing(scaled(8));
    body->addLayout(steps);
    body->addSpacing(scaled(8));
    body->addLayout(filesHead);
    body->addLayout(m_files);
    body->addWidget(m_sameColumns);
    body->addSpacing(scaled(8));
    body->addWidget(strongLabel(tr("Reading")));
    body->addLayout(reading);
    body->addStretch(1);
    body->addWidget(promise);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(header);
    layout->addLayout(body, 1);
    followTheme(this, [this] { setFixedWidth(scaled(232)); });
}

QComboBox *ImportSide::addReading(QVBoxLayout *to, const QString &label, const QString &objectName,
                                  const QString &name)
{
    auto *box = new QComboBox;
    box->setObjectName(objectName);
    box->setAccessibleName(name);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    auto *words = new QLabel(label);
    words->setProperty("small", true);
    words->setBuddy(box);
    followTheme(words, [words] { words->setFixedWidth(scaled(64)); });
    auto *line = new QHBoxLayout;
    line->addWidget(words);
    line->addWidget(box, 1);
    to->addLayout(line);
    return box;
}

void ImportSide::resetReading()
{
    for (QComboBox *box : {m_format, m_encoding, m_firstLine})
        box->setCurrentIndex(0);
}

void ImportSide::setStep(ImportStep step)
{
    for (int i = 0; i < m_steps.size(); ++i) {
        m_steps[i]->setChecked(i == static_cast<int>(step));
        m_steps[i]->setDone(i < static_cast<int>(step));
    }
}

void ImportSide::setDetail(ImportStep step, const QString &detail)
{
    m_steps[static_cast<int>(step)]->setDetail(detail);
}

void ImportSide::setReachable(bool beyondFiles)
{
    for (int i = 1; i < m_steps.size(); ++i)
        m_steps[i]->setEnabled(beyondFiles);
}

void ImportSide::setFiles(const ImportChoice &choice, const CheckedImport *checked)
{
    while (QLayoutItem *item = m_files->takeAt(0)) {
        if (QWidget *widget = item->widget()) {
            widget->hide();
            widget->deleteLater(); // perhaps it is its own cross that was clicked
        }
        delete item;
    }
    for (std::size_t i = 0; i < choice.sources.size(); ++i) {
        const ImportSource &source = choice.sources[i];
        const QString name = QFileInfo(fromUtf8(source.file.string())).fileName();
        auto *line = new QWidget;
        auto *title = new ElidedLabel(name);
        title->setElideMode(Qt::ElideMiddle);
        title->setProperty("mono", true);
        title->setObjectName(QStringLiteral("sourceName"));
        QString words = sizeWords(source);
        if (checked && i < checked->files.size() && checked->files[i].records > 0)
            words = rowsText(checked->files[i].records) + QStringLiteral(", ") + words + QStringLiteral(", ") +
                    formatWords(checked->files[i].guess);
        if (checked && i < checked->encodings.size() && checked->encodings[i] != TextEncoding::Utf8)
            words += checked->encodings[i] == TextEncoding::Utf16 ? tr(", UTF-16") : tr(", Latin-1");
        auto *meta = new ElidedLabel(words);
        meta->setObjectName(QStringLiteral("sourceDetail"));
        meta->setProperty("caption", true);
        for (QLabel *one :
             {static_cast<QLabel *>(title), static_cast<QLabel *>(meta)}) // all the room, from the left edge on
            one->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        auto *remove = new IconButton("close", tr("Leave out %1").arg(name));
        connect(remove, &QToolButton::clicked, this, [this, i] { Q_EMIT removeAsked(static_cast<int>(i)); });
        auto *texts = new QVBoxLayout;
        texts->setSpacing(0);
        texts->addWidget(title);
        texts->addWidget(meta);
        auto *row = new QHBoxLayout(line);
        row->setContentsMargins(0, 0, 0, 0);
        row->addLayout(texts, 1);
        row->addWidget(remove);
        m_files->addWidget(line);
    }
    const bool table =
        checked && std::any_of(checked->files.begin(), checked->files.end(), [](const ImportPreview &file) {
            return file.guess.format == DataFormat::Csv || file.guess.format == DataFormat::Tsv;
        });
    m_firstLine->setEnabled(!checked || table || !choice.namesFirst);
    m_firstLine->setToolTip(m_firstLine->isEnabled() ? QString() : tr("Only tables have a line of names"));
    m_sameColumns->setText(sameColumnsWords(checked));
    m_sameColumns->setVisible(!m_sameColumns->text().isEmpty());
    setDetail(ImportStep::Files, choice.sources.empty() ? QString() : tr("%1 chosen").arg(choice.sources.size()));
}

} // namespace attune::ui
