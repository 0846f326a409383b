// Every widget in every state, as pictures to look at: in the test's temporary folder, and in $ATTUNE_SHOTS where
// set. What is asserted is what a machine can see: something was drawn, and light and dark differ.

#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/custom_plot.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/memory_bar.h"
#include "ui/widgets/paint.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/plot_frame.h"
#include "ui/widgets/segmented_control.h"
#include "ui/widgets/sparkline.h"
#include "ui/widgets/split_bar.h"
#include "ui/widgets/token_strip.h"
#include "ui/widgets/word_diff.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFormLayout>
#include <QGroupBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QProgressBar>
#include <QRadioButton>
#include <QScrollArea>
#include <QSlider>
#include <QSpinBox>
#include <QSplitter>
#include <QTabWidget>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QTextEdit>
#include <QVBoxLayout>

#include <cmath>
#include <memory>

using namespace attune::ui;

namespace {

QHBoxLayout *row(QVBoxLayout *column, std::initializer_list<QWidget *> widgets)
{
    auto *line = new QHBoxLayout;
    line->setSpacing(8);
    for (QWidget *widget : widgets)
        line->addWidget(widget);
    line->addStretch();
    column->addLayout(line);
    return line;
}

QWidget *off(QWidget *widget)
{
    widget->setEnabled(false);
    return widget;
}

QVector<ShownToken> mail()
{
    QVector<ShownToken> tokens;
    const auto add = [&tokens](const QString &text, bool trained = false, bool cut = false, bool special = false) {
        ShownToken token;
        token.text = text;
        token.id = int(tokens.size());
        token.position = tokens.size();
        token.trained = trained;
        token.cut = cut;
        token.special = special;
        tokens += token;
    };
    const auto words = [&add](const char *text, bool trained = false, bool cut = false) {
        const QStringList list = QString::fromUtf8(text).split(QLatin1Char('|'));
        for (const QString &word : list)
            add(QString(word).replace(QLatin1String("\\n"), QLatin1String("\n")), trained, cut);
    };
    add(QStringLiteral("<|im_start|>"), false, false, true);
    words(
        "system|\\n|Turn| the| email| into| JSON| with| intent|,| order|_|id|,| urgency|,| product| and| summary|.");
    add(QStringLiteral("<|im_end|>"), false, false, true);
    words("\\n");
    add(QStringLiteral("<|im_start|>"), false, false, true);
    words(
        "user|\\n|Hello|,| I| ordered| the| folding| desk| lamp| three| weeks| ago| (|order| A|-|1|0|4|8|2|)| and| it| "
        "arrived| with| a| cracked| hinge|.");
    for (int i = 0; i < 400; ++i)
        add(i % 7 ? QStringLiteral(" word") : QStringLiteral(" photos"));
    words(" important| to| us");
    add(QStringLiteral("<|im_end|>"), false, false, true);
    words("\\n");
    add(QStringLiteral("<|im_start|>"), false, false, true);
    words("assistant|\\n");
    words("{\"|intent|\":| \"|refund|_|or|_|replace|\",| \"|order|_|id|\":| \"|A|-|1|0|4|8|2|\",|\"|urgency|\":",
          true);
    words(
        " \"|high|\",| \"|product|\":| \"|folding| desk| lamp|\",| \"|summary|\":| \"|Lamp| arrived| with| a| cracked|\"}",
        true, true);
    add(QStringLiteral("<|im_end|>"), true, true, true);
    return tokens;
}

QVector<ShownToken> shifted()
{
    QVector<ShownToken> tokens;
    const struct {
        const char *text;
        double shift;
    } parts[] = {{"{\"", 61}, {"intent", 44}, {"\":", 8},      {" \"", 3},     {"wrong", 72}, {"_item", 81},
                 {"\",", 5},  {" order", 38}, {"_id", 22},     {"\":", 2},     {" \"", 1},    {"B", 2},
                 {"-", 0},    {"rug", 9},     {",", -11},      {" blue", -38}, {" grey", 21}, {" instead", 40},
                 {" of", 6},  {" asks", 37},  {" return", 0.2}};
    for (const auto &[text, shift] : parts) {
        ShownToken token;
        token.text = QString::fromUtf8(text);
        token.shift = shift;
        tokens += token;
    }
    return tokens;
}

} // namespace

class TestGallery : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void cleanup();
    void sheetsAreDrawn_data();
    void sheetsAreDrawn();
    void mostWidgetsHaveNames();

private:
    static std::unique_ptr<QWidget> makeSheet(const QString &name);
    static QWidget *controls();
    static QWidget *shared();
    static QWidget *tokens();
    static QWidget *plots();
    static QWidget *icons();
    void keep(const QImage &image, const QString &name);
    QTemporaryDir m_folder;
};

void TestGallery::cleanup()
{
    Theme::instance().setChoice(ThemeChoice::System);
    Theme::instance().setTextScale(1);
}

QWidget *TestGallery::controls()
{
    auto *sheet = new QWidget;
    auto *column = new QVBoxLayout(sheet);
    auto *bar = new QMenuBar;
    for (const char *menu : {"File", "Edit", "View", "Row", "Run"})
        bar->addMenu(QLatin1String(menu))->addAction(QStringLiteral("Import"));
    column->addWidget(bar);

    auto *primary = new QPushButton(QStringLiteral("Primary"));
    primary->setProperty("kind", "primary");
    auto *menuButton = new QPushButton(QStringLiteral("Stop"));
    menuButton->setIcon(icon("stop", Token::Text));
    menuButton->setMenu(new QMenu(menuButton));
    auto *flat = new QPushButton(QStringLiteral("Flat"));
    flat->setFlat(true);
    auto *link = new QPushButton(QStringLiteral("Link"));
    link->setProperty("kind", "link");
    auto *checked = new QPushButton(QStringLiteral("Blind"));
    checked->setCheckable(true);
    checked->setChecked(true);
    row(column, {new QPushButton(QStringLiteral("Plain")), primary, menuButton, flat, link, checked,
                 off(new QPushButton(QStringLiteral("Off")))});

    auto *on = new QCheckBox(QStringLiteral("Keep the best checkpoint"));
    on->setChecked(true);
    auto *part = new QCheckBox(QStringLiteral("Partly"));
    part->setTristate(true);
    part->setCheckState(Qt::PartiallyChecked);
    auto *offOn = new QCheckBox(QStringLiteral("Off, on"));
    offOn->setChecked(true);
    row(column,
        {new QCheckBox(QStringLiteral("Log")), on, part, off(offOn), off(new QCheckBox(QStringLiteral("Off")))});
    auto *radio = new QRadioButton(QStringLiteral("PEFT"));
    radio->setChecked(true);
    row(column, {radio, new QRadioButton(QStringLiteral("GGUF")), off(new QRadioButton(QStringLiteral("Off")))});

    auto *combo = new QComboBox;
    combo->addItems({QStringLiteral("SmolLM2-135M-Instruct"), QStringLiteral("Other")});
    auto *quiet = new QComboBox;
    quiet->setFrame(false);
    quiet->addItem(QStringLiteral("tokens, shortest first"));
    auto *editable = new QComboBox;
    editable->setEditable(true);
    editable->addItem(QStringLiteral("2e-4"));
    auto *offCombo = new QComboBox;
    offCombo->addItem(QStringLiteral("Off"));
    row(column, {combo, quiet, editable, off(offCombo)});

    auto *spin = new QSpinBox;
    spin->setRange(0, 9999);
    spin->setValue(576);
    auto *real = new QDoubleSpinBox;
    real->setValue(0.6);
    auto *line = new QLineEdit(QStringLiteral("2e-4"));
    auto *search = new QLineEdit;
    search->setPlaceholderText(QStringLiteral("Search, tag:, tokens>"));
    search->addAction(icon("search", Token::Text3), QLineEdit::LeadingPosition);
    search->setClearButtonEnabled(true);
    auto *mono = new QLineEdit(QStringLiteral("lora_dropout"));
    mono->setProperty("mono", true);
    auto *locked = new QLineEdit(QStringLiteral("read-only"));
    locked->setReadOnly(true);
    row(column, {spin, real, line, search});
    row(column, {mono, locked, off(new QLineEdit(QStringLiteral("off")))});

    auto *slider = new QSlider(Qt::Horizontal);
    slider->setValue(60);
    slider->setFixedWidth(140);
    auto *still = new QSlider(Qt::Horizontal);
    still->setValue(30);
    still->setFixedWidth(140);
    auto *progress = new QProgressBar;
    progress->setValue(64);
    progress->setFixedWidth(140);
    auto *busy = new QProgressBar;
    busy->setRange(0, 0);
    busy->setFixedWidth(140);
    row(column, {slider, off(still), progress, busy});

    auto *tabs = new QTabWidget;
    tabs->setDocumentMode(true);
    auto *table = new QTableWidget(4, 3);
    table->setHorizontalHeaderLabels(
        {QStringLiteral("Prompt"), QStringLiteral("Step 0"), QStringLiteral("Step 128")});
    for (int r = 0; r < 4; ++r)
        for (int c = 0; c < 3; ++c)
            table->setItem(r, c, new QTableWidgetItem(QStringLiteral("cell %1").arg(r * 3 + c)));
    table->verticalHeader()->hide();
    table->setShowGrid(false);
    table->setFrameShape(QFrame::NoFrame);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    table->selectRow(1);
    table->setMinimumHeight(150);
    tabs->addTab(table, QStringLiteral("Samples"));
    tabs->addTab(new QWidget, QStringLiteral("Problems 0"));
    tabs->addTab(new QWidget, QStringLiteral("Log"));
    column->addWidget(tabs);

    auto *splitter = new QSplitter;
    auto *left = new QTextEdit(QStringLiteral("Text edit with a long enough text to be seen in its field."));
    auto *right = new QScrollArea;
    auto *tall = new QLabel(QStringLiteral("Scrolled\n\n\n\n\n\n\n\n\n\n\n\n\n\n"));
    right->setWidget(tall);
    splitter->addWidget(left);
    splitter->addWidget(right);
    splitter->setFixedHeight(90);
    column->addWidget(splitter);

    auto *caption = new QLabel(QStringLiteral("Caption, text3"));
    caption->setProperty("caption", true);
    auto *title = new QLabel(QStringLiteral("Title"));
    title->setProperty("title", true);
    auto *figure = new QLabel(QStringLiteral("81.0 %"));
    setTextStyle(figure, TextStyle::Figure);
    auto *tone = new QLabel(QStringLiteral("bad tone"));
    tone->setProperty("tone", "bad");
    auto *code = new QLabel(QStringLiteral("lora_r != 16"));
    code->setProperty("mono", true);
    row(column, {title, caption, figure, tone, code});
    return sheet;
}

QWidget *TestGallery::shared()
{
    auto *sheet = new QWidget;
    auto *column = new QVBoxLayout(sheet);
    column->setContentsMargins(0, 0, 0, 12);
    auto *header = new PanelHeader(QStringLiteral("Rows"));
    header->setCaption(QStringLiteral("14 of 1,750"));
    header->addLeft(new Badge(QStringLiteral("running"), Tone::Accent, "disc"));
    header->addWidget(new KeyButton(QStringLiteral("Import"), KeyButton::Plain, "import"));
    header->addWidget(new KeyButton(QStringLiteral("New"), KeyButton::Primary, "plus"));
    header->addWidget(new IconButton("more", QStringLiteral("More")));
    column->addWidget(header);
    auto *body = new QVBoxLayout;
    body->setContentsMargins(12, 0, 12, 0);
    column->addLayout(body);

    row(body, {new Badge(QStringLiteral("train"), Tone::Neutral, "square"),
               new Badge(QStringLiteral("cut"), Tone::Warn, "scissors"),
               new Badge(QStringLiteral("valid JSON"), Tone::Ok, "check"),
               new Badge(QStringLiteral("not valid JSON"), Tone::Bad, "x"), new Badge(QStringLiteral("lamp"))});
    auto *on = new Chip(QStringLiteral("Problem: cut"), true);
    on->setTone(Tone::Accent);
    auto *withMenu = new Chip(QStringLiteral("tokens > 400"));
    withMenu->setMenu(new QMenu(withMenu));
    row(body, {on, new Chip(QStringLiteral("refund"), true), withMenu, new Chip(QStringLiteral("lamp"))});
    row(body, {new KeyButton(QStringLiteral("Approve"), KeyButton::Ok, "check", QStringLiteral("a")),
               new KeyButton(QStringLiteral("Reject"), KeyButton::Bad, "x", QStringLiteral("x")),
               new KeyButton(QStringLiteral("Flag"), KeyButton::Warn, "flag", QStringLiteral("f")),
               new KeyButton(QStringLiteral("Edit"), KeyButton::Flat, nullptr, QStringLiteral("e")),
               new KeyButton(QStringLiteral("Undo"), KeyButton::Flat, nullptr, QStringLiteral("u"))});
    row(body, {new KeyButton(QStringLiteral("Queue run 17"), KeyButton::Primary, nullptr, QStringLiteral("Ctrl ↵")),
               off(new KeyButton(QStringLiteral("Start"), KeyButton::Primary, nullptr, QStringLiteral("Ctrl ↵"))),
               new KeyButton(QStringLiteral("Left"), KeyButton::Plain, nullptr, QStringLiteral("1")),
               off(new KeyButton(QStringLiteral("Right"), KeyButton::Plain, nullptr, QStringLiteral("2"))),
               new KeyButton(QStringLiteral("Change"), KeyButton::Link)});
    auto *segments = new SegmentedControl({QStringLiteral("Step"), QStringLiteral("Epoch"), QStringLiteral("Time")});
    auto *strength =
        new SegmentedControl({QStringLiteral("Light 8"), QStringLiteral("Normal 16"), QStringLiteral("Strong 32")});
    strength->setCurrent(1);
    row(body, {segments, strength, new IconButton("list", QStringLiteral("Table")),
               new IconButton("download", QStringLiteral("Save"))});

    for (const auto &[tone, text] :
         {std::pair{Tone::Warn, "End token is cut, so the model would not learn to stop."},
          std::pair{Tone::Bad, "Stopped at step 37: loss is not finite. First in layer 11, gate_proj; rows 204, 911. "
                               "State of step 36 is kept."},
          std::pair{Tone::Neutral, "This project is open elsewhere; changes from there appear here."},
          std::pair{Tone::Ok, "Verified: 64 of 64 answers are the same."}}) {
        auto *notice = new InlineNotice(tone);
        notice->setText(QLatin1String(text));
        if (tone == Tone::Warn || tone == Tone::Bad)
            notice->setLinks({{QStringLiteral("Raise to 576"), [] {}}, {QStringLiteral("Drop row"), [] {}}});
        body->addWidget(notice);
    }
    auto *split = new SplitBar;
    split->setCounts(1480, 135, 135);
    body->addWidget(split);

    constexpr double gib = 1024.0 * 1024 * 1024;
    const QList<MemoryPart> parts{{QStringLiteral("Weights, NF4"), 0.12 * gib, seriesColor(3)},
                                  {QStringLiteral("Adapter, optimiser"), 0.08 * gib, seriesColor(1)},
                                  {QStringLiteral("Activations"), 1.66 * gib, seriesColor(0)},
                                  {QStringLiteral("Logits"), 0.72 * gib, seriesColor(2)},
                                  {QStringLiteral("Driver, other apps"), 0.72 * gib, color(Token::Field)}};
    for (const auto state : {MemoryBar::Measured, MemoryBar::Predicted}) {
        auto *memory = new MemoryBar;
        memory->setTotal((state == MemoryBar::Measured ? 12 : 2.6) * gib);
        memory->setSafeLimit((state == MemoryBar::Measured ? 11 : 2.2) * gib);
        memory->setParts(parts);
        memory->setState(state);
        body->addWidget(memory);
    }
    auto *legend = new MemoryLegend;
    legend->setParts(parts + QList<MemoryPart>{{QStringLiteral("Free"), 8.7 * gib, QColor()}});
    body->addWidget(legend);
    auto *thin = new MemoryBar;
    thin->setThin(true);
    thin->setTotal(12 * gib);
    thin->setParts({{QStringLiteral("Process"), 2.9 * gib, color(Token::Fill)}});
    thin->setState(MemoryBar::Measured);
    body->addWidget(thin);

    auto *field = new AutoTextEdit;
    field->setPlainText(
        QStringLiteral("Hello, I ordered the folding desk lamp three weeks ago (order A-10482) and it arrived with a "
                       "cracked hinge.\nPlease send a new one.\nשלום, זהו מכתב."));
    body->addWidget(field);
    auto *json = new AutoTextEdit;
    json->setMono(true);
    json->setPlainText(QStringLiteral(
        "{\"intent\": \"refund_or_replace\", \"order_id\": \"A-10482\",\n \"urgent\": true, \"count\": 2}"));
    new JsonHighlighter(json->document());
    body->addWidget(json);
    auto *diff = new QTextEdit;
    showDiff(diff->document(),
             wordDiff(QStringLiteral("{\"intent\": \"send it back\", \"color\": \"grey\"} Please let me know."),
                      QStringLiteral("{\"intent\": \"wrong_item\", \"color\": \"blue\"}")),
             true, true);
    diff->setFixedHeight(54);
    body->addWidget(diff);
    auto *empty = new EmptyState(
        "train", QStringLiteral("No runs yet. 1,020 approved rows are ready: a run takes about 18 min."));
    empty->setPrimary(QStringLiteral("New run"), [] {});
    empty->addLink(QStringLiteral("Open Data"), [] {});
    body->addWidget(empty);
    return sheet;
}

QWidget *TestGallery::tokens()
{
    auto *sheet = new QWidget;
    auto *column = new QVBoxLayout(sheet);
    auto *strip = new TokenStrip;
    strip->setFoldLongRuns(true);
    strip->setTokens(mail());
    strip->setMinimumHeight(260);
    column->addWidget(strip);
    auto *shift = new TokenStrip;
    shift->setGrowing(true);
    shift->setTokens(shifted());
    setBackground(shift->viewport(), Token::Surface);
    column->addWidget(shift);
    return sheet;
}

QWidget *TestGallery::plots()
{
    auto *sheet = new QWidget;
    auto *column = new QVBoxLayout(sheet);
    auto *frame = new PlotFrame;
    frame->setMinimumHeight(280);
    QCustomPlot *plot = frame->plot();
    for (int s = 0; s < 6; ++s) {
        auto *graph = plot->addGraph();
        QVector<double> x;
        QVector<double> y;
        for (int i = 0; i <= 64; ++i) {
            x.append(i * 10);
            y.append(0.4 + 0.1 * s + 2 * std::exp(-i / (8.0 + s)));
        }
        graph->setData(x, y);
        graph->setName(QStringLiteral("run %1").arg(s + 1));
    }
    plot->legend->setVisible(true);
    plot->rescaleAxes();
    frame->onThemeChanged([plot] {
        for (int s = 0; s < 6; ++s)
            plot->graph(s)->setPen(seriesPen(s, 2.4));
    });
    column->addWidget(frame);
    auto *sparks = new QWidget;
    auto *line = new QHBoxLayout(sparks);
    for (int s = 0; s < 6; ++s) {
        QVector<QPointF> points;
        for (int i = 0; i < 40; ++i)
            points.append({double(i), 1.0 / (1 + i * 0.2) + 0.03 * std::sin(i * (s + 1))});
        auto *label = new QLabel;
        label->setPixmap(sparkline(points, {64, 28}, seriesColor(s), seriesDash(s), s == 4, 1));
        line->addWidget(label);
    }
    column->addWidget(sparks);
    return sheet;
}

QWidget *TestGallery::icons()
{
    auto *sheet = new QWidget;
    auto *grid = new QGridLayout(sheet);
    const QStringList files =
        QDir(QStringLiteral(":/attune/icons")).entryList({QStringLiteral("*.svg")}, QDir::Files, QDir::Name);
    int i = 0;
    for (const QString &file : files) {
        const QByteArray name = file.left(file.size() - 4).toLatin1();
        auto *cell = new QWidget;
        auto *column = new QVBoxLayout(cell);
        column->setContentsMargins(0, 0, 0, 0);
        auto *line = new QHBoxLayout;
        for (const int size : {16, 20}) {
            auto *label = new QLabel;
            label->setPixmap(iconPixmap(name.constData(), Token::Text2, size, 1));
            line->addWidget(label);
        }
        auto *caption = new QLabel(QLatin1String(name));
        caption->setProperty("caption", true);
        column->addLayout(line);
        column->addWidget(caption);
        grid->addWidget(cell, i / 10, i % 10);
        ++i;
    }
    return sheet;
}

std::unique_ptr<QWidget> TestGallery::makeSheet(const QString &name)
{
    std::unique_ptr<QWidget> sheet(name == QLatin1String("controls") ? controls()
                                   : name == QLatin1String("shared") ? shared()
                                   : name == QLatin1String("tokens") ? tokens()
                                   : name == QLatin1String("plots")  ? plots()
                                                                     : icons());
    sheet->setFixedWidth(scaled(760));
    return sheet;
}

void TestGallery::keep(const QImage &image, const QString &name)
{
    QVERIFY(image.save(m_folder.filePath(name)));
    const QString shots = qEnvironmentVariable("ATTUNE_SHOTS");
    if (!shots.isEmpty() && QDir().mkpath(shots))
        QVERIFY(image.save(QDir(shots).filePath(name)));
}

void TestGallery::sheetsAreDrawn_data()
{
    QTest::addColumn<double>("scale");
    for (const char *sheet : {"controls", "shared", "tokens", "plots", "icons"})
        QTest::newRow(sheet) << 1.0;
    QTest::newRow("controls-200") << 2.0;
    QTest::newRow("shared-200") << 2.0;
}

void TestGallery::sheetsAreDrawn()
{
    QFETCH(double, scale);
    const QString name = QString::fromLatin1(QTest::currentDataTag());
    Theme::instance().setTextScale(scale);
    QList<QImage> drawn;
    for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
        Theme::instance().setChoice(choice);
        const std::unique_ptr<QWidget> sheet = makeSheet(name.section(QLatin1Char('-'), 0, 0));
        sheet->show();
        QCoreApplication::processEvents();
        sheet->adjustSize();
        QCoreApplication::processEvents();
        const QImage image = sheet->grab().toImage();
        keep(image, QStringLiteral("gallery-%1-%2.png")
                        .arg(name, choice == ThemeChoice::Dark ? QStringLiteral("dark") : QStringLiteral("light")));
        drawn += image;
        // Switched live, a sheet looks as if it had been made in the other theme.
        if (choice == ThemeChoice::Light) {
            Theme::instance().setChoice(ThemeChoice::Dark);
            QCoreApplication::processEvents();
            QVERIFY(sheet->grab().toImage() != image);
        }
    }
    QVERIFY(drawn[0] != drawn[1]);
    QCOMPARE(drawn[0].size(), drawn[1].size());
}

void TestGallery::mostWidgetsHaveNames()
{
    // Every shared widget that takes the focus says what it is.
    const std::unique_ptr<QWidget> sheet = makeSheet(QStringLiteral("shared"));
    for (const QWidget *widget : sheet->findChildren<QWidget *>()) {
        const bool button = qobject_cast<const QAbstractButton *>(widget);
        if (!(widget->focusPolicy() & Qt::TabFocus) || qobject_cast<const QTextEdit *>(widget)
            || qobject_cast<const QPlainTextEdit *>(widget))
            continue;
        QVERIFY2(!widget->accessibleName().isEmpty()
                     || (button && !static_cast<const QAbstractButton *>(widget)->text().isEmpty()),
                 widget->metaObject()->className());
    }
}

QTEST_MAIN(TestGallery)
#include "tst_gallery.moc"
