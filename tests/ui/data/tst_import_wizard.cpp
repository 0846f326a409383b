#include "tests/patience.h"
#include "tests/ui/data/data_project.h"
#include "ui/data/import_wizard.h"
#include "ui/data/import_wizard_split.h"
#include "ui/theme/theme.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/segmented_control.h"

#include <QAbstractButton>
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPixmap>
#include <QPlainTextEdit>
#include <QRadioButton>
#include <QSignalSpy>
#include <QStandardPaths>

#include <fstream>
#include <utility>

using namespace attune;
using namespace attune::ui;

class TestImportWizard : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void columnsAreMappedInTheirHeads();
    void aTemplateFillsTheQuestion();
    void aDamagedRecordIsMendedInPlace();
    void aRecordMayBeLeftOut();
    void aFileOfBrokenRecordsAloneListsThem();
    void fileNamesStandAtTheEdge();
    void pastedTextComesIn();
    void anUnreadableFileGivesASentence_data();
    void anUnreadableFileGivesASentence();
    void filesThatDifferAreRefusedWithASentence();
    void thePartOfAllRowsIsChosen();
    void aColumnOfSplitsMayBePassedOver();
    void theImportIsOneStepOfUndo();
    void duplicatesAreCountedBeforeTheImport();
    void theSplitIsShownBeforeTheImport();
    void rawLinesAreShown();
    void otherEncodingsAreRead_data();
    void otherEncodingsAreRead();
    void theFirstLineMayBeARow();
    void rowsMayBeEditedWhileTheyComeIn();
    void aStoppedImportLeavesNothing();
    void escapeClosesAndChangesNothing();
    void everyControlHasAName();
    void itIsDrawn_data();
    void itIsDrawn();
};

namespace {

struct Open {
    explicit Open(const DataProject &of)
        : project(of), session(of.session()), wizard(std::make_unique<ImportWizard>(*session))
    {
        wizard->resize(1368, 828);
        wizard->show();
        wizard->activateWindow();
        if (!QTest::qWaitForWindowActive(wizard.get()))
            qFatal("not active");
    }
    ~Open() { wizard.reset(); }

    template <typename T>
    T *find(const QString &name) const
    {
        return wizard->findChild<T *>(name);
    }
    QString write(const std::string &name, const std::string &text) const
    {
        std::ofstream(project.file(name), std::ios::binary) << text;
        return QString::fromStdString(project.file(name).string());
    }
    bool ready() const { return wizard->checked() && !wizard->checking(); }
    bool choose(const QString &column, const QString &role) const
    {
        auto *picker = find<QComboBox>(QStringLiteral("role_") + column);
        if (!picker || picker->findText(role) < 0)
            return false;
        picker->setFocus();
        picker->setCurrentIndex(picker->findText(role));
        Q_EMIT picker->activated(picker->currentIndex());
        return true;
    }
    /// By the key; true where it went through.
    bool bringIn() const
    {
        QSignalSpy closed(wizard.get(), &ImportWizard::closed);
        QTest::keyClick(wizard->focusWidget() ? wizard->focusWidget() : wizard.get(), Qt::Key_Return,
                        Qt::ControlModifier);
        return QTest::qWaitFor([&] { return !closed.isEmpty(); }, 10000 * Patience);
    }
    void click(const QString &name) const { find<QAbstractButton>(name)->click(); }

    const DataProject &project;
    std::unique_ptr<Session> session;
    std::unique_ptr<ImportWizard> wizard;
};

constexpr auto Mails = "id,betreff,brief,json,sterne\n"
                       "1,refund,\"Hello, where is my lamp\",\"{\"\"intent\"\": \"\"where\"\"}\",5\n"
                       "2,delivery,My parcel is late,\"{\"\"intent\"\": \"\"late\"\"}\",4\n"
                       "3,invoice,Please send the invoice,,3\n";

constexpr std::pair<const char *, const char *> MailRoles[] = {
    {"id", "Ignore"}, {"betreff", "Tag"}, {"brief", "User"}, {"json", "Assistant"}, {"sterne", "Rating"}};

constexpr auto Damaged =
    "{\"messages\": [{\"role\": \"user\", \"content\": \"Where is my lamp\"}, {\"role\": \"assistant\", "
    "\"content\": \"On its way\"}]}\n"
    "{\"messages\": [{\"role\": \"user\", \"content\": \"And the chair\"}, {\"role\": \"assistant\" "
    "\"content\": \"Tomorrow\"}]}\n";

} // namespace

void TestImportWizard::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    qputenv("ATTUNE_CACHE", "/nonexistent");
    applyTheme(*qApp);
}

void TestImportWizard::columnsAreMappedInTheirHeads()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.csv", Mails)});
    QTRY_VERIFY(open.ready());
    QCOMPARE(open.wizard->step(), ImportStep::Columns);
    for (const auto &[column, role] : MailRoles)
        QVERIFY2(open.choose(QString::fromLatin1(column), QString::fromLatin1(role)), column);
    QTRY_VERIFY(open.ready() && open.wizard->checked()->missing.empty());
    QTRY_COMPARE(open.find<QAbstractButton>(QStringLiteral("importNow"))->text(), QStringLiteral("Import 2 rows"));
    for (const auto &[column, role] : MailRoles) { // whole, also over a narrow column
        const auto *picker = open.find<QComboBox>(QStringLiteral("role_") + QString::fromLatin1(column));
        QVERIFY2(picker->width() > picker->fontMetrics().horizontalAdvance(QString::fromLatin1(role)) + 50, role);
    }
    QSignalSpy told(open.session.get(), &Session::toasted);
    QVERIFY(open.bringIn());
    QTRY_COMPARE(told.count(), 1);
    QCOMPARE(told.first().front().value<Toast>().text, QStringLiteral("2 rows imported, 1 rejected"));
    const StoredExample row = project.row(1);
    QCOMPARE(row.messages.size(), std::size_t(2));
    QCOMPARE(row.messages[0].content, std::string("Hello, where is my lamp"));
    QCOMPARE(row.messages[1].content, std::string("{\"intent\": \"where\"}"));
    QCOMPARE(row.rating, 5);
    QCOMPARE(row.tags, std::vector<std::string>{"refund"});
}

void TestImportWizard::aTemplateFillsTheQuestion()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.csv", Mails)});
    QTRY_VERIFY(open.ready());
    QVERIFY(open.choose(QStringLiteral("json"), QStringLiteral("Assistant")));
    open.find<QPlainTextEdit>(QStringLiteral("importTemplate"))->setPlainText(QStringLiteral("{betreff}: {brief}"));
    QTest::keyClicks(open.find<QLineEdit>(QStringLiteral("importSystem")), QStringLiteral("Be short."));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->missing.empty() &&
                open.wizard->checked()->options.system == "Be short.");
    QVERIFY(open.bringIn());
    const StoredExample row = project.row(2);
    QCOMPARE(row.messages.front().content, std::string("Be short."));
    QCOMPARE(row.messages[1].content, std::string("delivery: My parcel is late"));
}

void TestImportWizard::aDamagedRecordIsMendedInPlace()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.jsonl", Damaged)});
    QTRY_VERIFY(open.ready());
    QCOMPARE(open.wizard->checked()->rejected, std::int64_t(1));
    open.wizard->setStep(ImportStep::Check);
    open.click(QStringLiteral("fixHere"));
    auto *text = open.find<QPlainTextEdit>(QStringLiteral("recordText"));
    QTRY_VERIFY(text->isVisible());
    QVERIFY(text->hasFocus());
    QString record = text->toPlainText();
    QVERIFY(record.contains(QLatin1String("And the chair")));
    text->setPlainText(
        record.replace(QLatin1String("\"assistant\" \"content\""), QLatin1String("\"assistant\", \"content\"")));
    open.click(QStringLiteral("mendRecord"));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->good == 2);
    QCOMPARE(open.wizard->checked()->rejected, std::int64_t(0));
    QVERIFY(open.bringIn());
    QCOMPARE(project.row(2).messages[1].content, std::string("Tomorrow"));
}

void TestImportWizard::aRecordMayBeLeftOut()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.jsonl", Damaged)});
    QTRY_VERIFY(open.ready());
    open.wizard->setStep(ImportStep::Check);
    open.click(QStringLiteral("fixHere"));
    open.click(QStringLiteral("dropRecord"));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->rejected == 0);
    QCOMPARE(open.wizard->checked()->good, std::int64_t(1));
    open.click(QStringLiteral("forgetMended"));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->rejected == 1);
}

void TestImportWizard::aFileOfBrokenRecordsAloneListsThem()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.jsonl", "{\"prompt\": \"a\" \"completion\": \"b\"}\n{\"prompt\n")});
    QTRY_VERIFY(open.ready());
    QVERIFY(open.wizard->checked()->missing.empty()); // no column could be chosen
    QCOMPARE(open.wizard->checked()->rejected, std::int64_t(2));
    open.wizard->setStep(ImportStep::Check);
    open.click(QStringLiteral("fixHere"));
    open.find<QPlainTextEdit>(QStringLiteral("recordText"))
        ->setPlainText(QStringLiteral(R"({"prompt": "a", "completion": "b"})"));
    open.click(QStringLiteral("mendRecord"));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->good == 1);
    QVERIFY(open.bringIn());
    QCOMPARE(project.row(1).messages[1].content, std::string("b"));
}

void TestImportWizard::fileNamesStandAtTheEdge()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("a.csv", "question,answer\n\"a,b\n")}); // with a short line of facts below it
    QTRY_VERIFY(!open.wizard->checking());
    auto *name = open.find<QLabel>(QStringLiteral("sourceName"));
    auto *facts = open.find<QLabel>(QStringLiteral("sourceDetail"));
    QTRY_VERIFY(name && facts && name->isVisible());
    QTRY_COMPARE(name->mapTo(open.wizard.get(), QPoint()).x(), facts->mapTo(open.wizard.get(), QPoint()).x());
    QVERIFY(name->width() >= name->sizeHint().width());
}

void TestImportWizard::pastedTextComesIn()
{
    DataProject project;
    Open open(project);
    open.wizard->beginPasted(QStringLiteral("question\tanswer\nWhere is my lamp\tOn its way\n"));
    QTRY_VERIFY(open.ready());
    QVERIFY(open.bringIn());
    QCOMPARE(project.row(1).messages[1].content, std::string("On its way"));
    open.wizard->beginPasted(QStringLiteral("  "));
    QCOMPARE(open.find<InlineNotice>(QStringLiteral("importNotice"))->text(),
             QStringLiteral("The clipboard holds no text."));
}

void TestImportWizard::anUnreadableFileGivesASentence_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("missing") << QStringLiteral("missing.jsonl") << QByteArray();
    QTest::newRow("empty") << QStringLiteral("empty.csv") << QByteArray("");
    QTest::newRow("no format") << QStringLiteral("words.txt") << QByteArray("just some words");
    QTest::newRow("a folder") << QStringLiteral(".") << QByteArray();
    QTest::newRow("PDF") << QStringLiteral("letter.jsonl") << QByteArray("%PDF-1.7\n1 0 obj\n");
    QTest::newRow("open quote") << QStringLiteral("open.csv") << QByteArray("question,answer\n\"a,b\nc,d\n");
}

void TestImportWizard::anUnreadableFileGivesASentence()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, text);
    DataProject project;
    Open open(project);
    QString file = QString::fromStdString(project.file(name.toStdString()).string());
    if (!text.isNull() && name != QLatin1String("missing.jsonl") && name != QLatin1String("."))
        file = open.write(name.toStdString(), text.toStdString());
    open.wizard->begin({file});
    auto *notice = open.find<InlineNotice>(QStringLiteral("importNotice"));
    QTRY_VERIFY(!open.wizard->checking());
    QTRY_VERIFY(notice->isVisible());
    QVERIFY2(notice->text().contains(name) && notice->text().endsWith(QLatin1Char('.')), qPrintable(notice->text()));
    QCOMPARE(open.wizard->step(), ImportStep::Files);
    QVERIFY(!open.find<QAbstractButton>(QStringLiteral("importNow"))->isEnabled());
}

void TestImportWizard::filesThatDifferAreRefusedWithASentence()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.csv", Mails), open.write("mails.jsonl", Damaged)});
    QTRY_VERIFY(open.ready());
    const QString words = open.find<InlineNotice>(QStringLiteral("importNotice"))->text();
    QVERIFY2(words.startsWith(QLatin1String("mails.csv and mails.jsonl differ")), qPrintable(words));
}

void TestImportWizard::thePartOfAllRowsIsChosen()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.jsonl", Damaged)});
    QTRY_VERIFY(open.ready());
    open.wizard->setStep(ImportStep::Split);
    QVERIFY(open.find<QRadioButton>(QStringLiteral("splitProject"))->isChecked());
    QVERIFY(!open.find<QRadioButton>(QStringLiteral("splitOwn"))->isVisible());
    open.click(QStringLiteral("splitTest"));
    QVERIFY(open.bringIn());
    QCOMPARE(project.row(1).part, std::optional(Part::Test));
}

void TestImportWizard::aColumnOfSplitsMayBePassedOver()
{
    DataProject project;
    Open open(project);
    const QString file = open.write("rows.csv", "question,answer,split\nWhere is my lamp,On its way,test\n");
    open.wizard->begin({file});
    QTRY_VERIFY(open.ready());
    open.wizard->setStep(ImportStep::Split);
    QVERIFY(open.find<QRadioButton>(QStringLiteral("splitOwn"))->isChecked());
    open.click(QStringLiteral("splitProject"));
    QTRY_VERIFY(open.ready() && !open.wizard->checked()->ownSplit);
    QVERIFY(open.find<QRadioButton>(QStringLiteral("splitProject"))->isChecked());
    open.click(QStringLiteral("splitOwn"));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->ownSplit);
    QVERIFY(open.bringIn());
    QCOMPARE(project.row(1).part, std::optional(Part::Test));
}

void TestImportWizard::theImportIsOneStepOfUndo()
{
    DataProject project;
    Open open(project);
    open.wizard->beginPasted(QStringLiteral("question,answer\na,b\nc,d\ne,f\na,b\n"));
    QTRY_VERIFY(open.ready());
    QSignalSpy told(open.session.get(), &Session::toasted);
    QVERIFY(open.bringIn());
    QTRY_COMPARE(told.count(), 1);
    const Toast toast = told.first().front().value<Toast>();
    QCOMPARE(toast.text, QStringLiteral("3 rows imported, 1 duplicate"));
    QCOMPARE(project.ids().size(), std::size_t(3));
    QTRY_VERIFY(!open.session->undoText().isEmpty());
    toast.act();
    QTRY_COMPARE(project.ids().size(), std::size_t(0));
}

void TestImportWizard::duplicatesAreCountedBeforeTheImport()
{
    DataProject project;
    project.add({rowOf("c", "d")});
    Open open(project);
    open.wizard->beginPasted(QStringLiteral("question,answer\na,b\nc,d\ne,f\na,b\n"));
    QTRY_VERIFY(open.ready());
    QCOMPARE(open.wizard->checked()->duplicates, std::int64_t(2));
    QCOMPARE(open.find<QAbstractButton>(QStringLiteral("importNow"))->text(), QStringLiteral("Import 2 rows"));
    QVERIFY(open.find<QLabel>(QStringLiteral("importCounts"))->text().contains(QLatin1String("<b>2</b> duplicate")));
    open.wizard->setStep(ImportStep::Check);
    auto *kinds = open.find<SegmentedControl>(QStringLiteral("problemKinds"));
    QVERIFY(kinds->isVisible());
    kinds->setCurrent(2);
    QCOMPARE(open.wizard->findChildren<QLabel *>(QStringLiteral("problemReason")).size(), 1);
    QVERIFY(open.bringIn());
    QCOMPARE(project.ids().size(), std::size_t(3));
}

void TestImportWizard::theSplitIsShownBeforeTheImport()
{
    DataProject project;
    Open open(project);
    QString text = QStringLiteral("question,answer\n");
    for (int i = 0; i < 50; ++i)
        text += QStringLiteral("question %1,answer %1\n").arg(i * 7919);
    open.wizard->beginPasted(text);
    QTRY_VERIFY(open.ready());
    auto *parts = open.find<ImportSplitView>(QStringLiteral("splitParts"));
    QTRY_COMPARE(parts->words(), QStringLiteral("train about 40, validation about 5, test about 5"));
    open.wizard->setStep(ImportStep::Split);
    open.click(QStringLiteral("splitTest"));
    QCOMPARE(parts->words(), QStringLiteral("train 0, validation 0, test 50"));
}

void TestImportWizard::rawLinesAreShown()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.csv", Mails)});
    QTRY_VERIFY(open.ready());
    auto *raw = open.find<QPlainTextEdit>(QStringLiteral("importRaw"));
    QVERIFY(!raw->isVisible());
    open.find<SegmentedControl>(QStringLiteral("rawChoice"))->setCurrent(1);
    QVERIFY(raw->isVisible());
    QCOMPARE(raw->blockCount(), 3);
    QVERIFY2(raw->toPlainText().contains(QLatin1String("2  1,refund,\"Hello, where is my lamp\"")),
             qPrintable(raw->toPlainText()));
}

void TestImportWizard::otherEncodingsAreRead_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("said");
    const QString table = QStringLiteral("question,answer\r\nGr\u00f6\u00dfe,Ma\u00df\r\n");
    QTest::newRow("latin-1") << table.toLatin1() << QStringLiteral("Latin-1");
    QByteArray wide = QByteArray::fromHex("fffe");
    for (const QChar c : table)
        wide.append(c.cell()).append(static_cast<char>(c.row()));
    QTest::newRow("utf-16") << wide << QStringLiteral("UTF-16");
    QTest::newRow("utf-8 with a mark") << QByteArray::fromHex("efbbbf") + table.toUtf8() << QString();
}

void TestImportWizard::otherEncodingsAreRead()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, said);
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.csv", text.toStdString())});
    QTRY_VERIFY(open.ready());
    QVERIFY(open.find<QLabel>(QStringLiteral("sourceDetail"))->toolTip().contains(said) || said.isEmpty() ||
            open.find<QLabel>(QStringLiteral("sourceDetail"))->text().contains(said));
    QVERIFY(open.bringIn());
    QCOMPARE(project.row(1).messages[0].content, std::string("Gr\u00f6\u00dfe"));
    QCOMPARE(project.row(1).messages[1].content, std::string("Ma\u00df"));
}

void TestImportWizard::theFirstLineMayBeARow()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("rows.csv", "Where is it,It is here\nAnd now to what,To that\n")});
    QTRY_VERIFY(open.ready());
    auto *line = open.find<QComboBox>(QStringLiteral("importFirstLine"));
    line->setCurrentIndex(1);
    Q_EMIT line->activated(1);
    QTRY_VERIFY(open.ready() && open.find<QComboBox>(QStringLiteral("role_column 2")));
    QVERIFY(open.choose(QStringLiteral("column 1"), QStringLiteral("User")));
    QVERIFY(open.choose(QStringLiteral("column 2"), QStringLiteral("Assistant")));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->missing.empty());
    QVERIFY(open.bringIn());
    QCOMPARE(project.row(1).messages[0].content, std::string("Where is it"));
    QCOMPARE(project.ids().size(), std::size_t(2));
}

void TestImportWizard::rowsMayBeEditedWhileTheyComeIn()
{
    DataProject project;
    project.add(plainRows(5));
    Open open(project);
    std::string text;
    for (int i = 0; i < 5000; ++i)
        text += R"({"prompt": "what about )" + std::to_string(i) + R"(", "completion": "this"})" + "\n";
    open.wizard->begin({open.write("many.jsonl", text)});
    QTRY_VERIFY_WITH_TIMEOUT(open.ready(), 30000);
    QSignalSpy closed(open.wizard.get(), &ImportWizard::closed);
    open.click(QStringLiteral("importNow"));
    QVERIFY(open.wizard->importing());
    int edits = 0;
    bool failed = false;
    while (open.wizard->importing()) {
        bool answered = false;
        open.session->change<EditStep>(
            open.wizard.get(),
            [edits](Project &opened) {
                const std::vector<ExampleEdit> edit{{.id = edits % 5 + 1, .notes = "note " + std::to_string(edits)}};
                return Labelling(opened).apply("Note", edit);
            },
            [&](Result<EditStep> step) {
                answered = true;
                failed = failed || !step;
            });
        QTRY_VERIFY_WITH_TIMEOUT(answered, 20000);
        ++edits;
    }
    QVERIFY(!failed);
    QVERIFY(edits > 0);
    QTRY_COMPARE(closed.count(), 1);
    QCOMPARE(project.ids().size(), std::size_t(5005));
    QVERIFY(project.row(1).notes.rfind("note ", 0) == 0);
}

void TestImportWizard::aStoppedImportLeavesNothing()
{
    DataProject project;
    Open open(project);
    std::string text;
    for (int i = 0; i < 20000; ++i)
        text += R"({"prompt": "what about )" + std::to_string(i) + R"(", "completion": "this"})" + "\n";
    open.wizard->begin({open.write("many.jsonl", text)});
    QTRY_VERIFY_WITH_TIMEOUT(open.ready(), 30000);
    open.click(QStringLiteral("importNow"));
    const auto written = [&] {
        for (const JobState &job : open.session->jobs())
            if (job.detail.contains(QLatin1String("Importing")))
                return true;
        return !open.wizard->importing();
    };
    QTRY_VERIFY_WITH_TIMEOUT(written(), 30000);
    open.click(QStringLiteral("cancelImport"));
    QTRY_VERIFY_WITH_TIMEOUT(!open.wizard->importing(), 30000);
    if (!open.wizard->checked()) { // it may be quicker than the request to stop; there is nothing in between
        QCOMPARE(project.ids().size(), std::size_t(20000));
        QSKIP("the import was quicker than the request to stop");
    }
    QCOMPARE(open.find<InlineNotice>(QStringLiteral("importNotice"))->text(),
             QStringLiteral("The import was stopped; nothing was imported."));
    QCOMPARE(project.ids().size(), std::size_t(0));
    QVERIFY(open.bringIn()); // and may be begun again
    QCOMPARE(project.ids().size(), std::size_t(20000));
}

void TestImportWizard::escapeClosesAndChangesNothing()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.jsonl", Damaged)});
    QTRY_VERIFY(open.ready());
    QTest::keyClick(open.wizard.get(), Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(open.wizard->step(), ImportStep::Check);
    open.click(QStringLiteral("fixHere"));
    QSignalSpy closed(open.wizard.get(), &ImportWizard::closed);
    auto *text = open.find<QPlainTextEdit>(QStringLiteral("recordText"));
    QTRY_VERIFY(text->isVisible());
    QTest::keyClick(text, Qt::Key_Escape);
    QVERIFY(!text->isVisible());
    QVERIFY(closed.isEmpty());
    QTest::keyClick(open.wizard.get(), Qt::Key_Escape);
    QCOMPARE(closed.count(), 1);
    QCOMPARE(project.ids().size(), std::size_t(0));
}

void TestImportWizard::everyControlHasAName()
{
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.csv", Mails)});
    QTRY_VERIFY(open.ready());
    for (QWidget *widget : open.wizard->findChildren<QWidget *>()) {
        const bool control = qobject_cast<QAbstractButton *>(widget) || qobject_cast<QComboBox *>(widget) ||
                             qobject_cast<QLineEdit *>(widget) || qobject_cast<QPlainTextEdit *>(widget);
        if (control && widget->focusPolicy() != Qt::NoFocus && !widget->isHidden())
            QVERIFY2(!widget->accessibleName().isEmpty() || !qobject_cast<QAbstractButton *>(widget) ||
                         !qobject_cast<QAbstractButton *>(widget)->text().isEmpty(),
                     qPrintable(widget->objectName()));
    }
}

void TestImportWizard::itIsDrawn_data()
{
    QTest::addColumn<bool>("dark");
    QTest::addColumn<int>("step");
    for (int step = 0; step < ImportSteps; ++step)
        for (const bool dark : {false, true})
            QTest::addRow("step%d-%s", step + 1, dark ? "dark" : "light") << dark << step;
}

void TestImportWizard::itIsDrawn()
{
    QFETCH(bool, dark);
    QFETCH(int, step);
    Theme::instance().setChoice(dark ? ThemeChoice::Dark : ThemeChoice::Light);
    DataProject project;
    Open open(project);
    open.wizard->begin({open.write("mails.csv", Mails)});
    QTRY_VERIFY(open.ready());
    for (const auto &[column, role] : MailRoles)
        QVERIFY(open.choose(QString::fromLatin1(column), QString::fromLatin1(role)));
    QTRY_VERIFY(open.ready() && open.wizard->checked()->missing.empty());
    open.wizard->setStep(static_cast<ImportStep>(step));
    if (step == 2)
        open.click(QStringLiteral("fixHere"));
    const QPixmap picture = open.wizard->grab();
    QCOMPARE(picture.size(), QSize(1368, 828) * picture.devicePixelRatio());
    if (const QString folder = qEnvironmentVariable("ATTUNE_SHOTS"); !folder.isEmpty())
        picture.save(folder + QStringLiteral("/import-") + QString::fromLatin1(QTest::currentDataTag()) +
                     QStringLiteral(".png"));
    Theme::instance().setChoice(ThemeChoice::Light);
}

QTEST_MAIN(TestImportWizard)
#include "tst_import_wizard.moc"
