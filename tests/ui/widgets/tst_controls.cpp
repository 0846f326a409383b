#include "ui/theme/theme.h"
#include "ui/widgets/auto_text_edit.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/memory_bar.h"
#include "ui/widgets/panel_header.h"
#include "ui/widgets/segmented_control.h"
#include "ui/widgets/split_bar.h"

#include <QClipboard>
#include <QMimeData>
#include <QApplication>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QVBoxLayout>

using namespace attune::ui;

class TestControls : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { applyTheme(*qApp); }
    void cleanup() { Theme::instance().setTextScale(1); }
    void badgeIsNamedByItsWord();
    void badgeIsClickedByKeys();
    void chipGoesByDelAndByItsCross();
    void keyButtonMakesRoomForItsKey();
    void iconButtonHasANameAndATip();
    void headerKeepsControlsAndElidesItsCaption();
    void aShortTitleStaysWholeWhereItIsNarrow();
    void emptyStateRunsItsActions();
    void noticeHidesWithoutText();
    void noticeLinksAct();
    void noticeLinksGoBelowWhereItIsNarrow();
    void theKeyboardGoesAlongWithTheSegment();
    void arrowsMoveTheSegment();
    void arrowsPassDisabledSegments();
    void segmentsAreOneTabStop();
    void textFieldGrowsWithItsText();
    void textFieldStopsGrowingAtItsMost();
    void rightToLeftTextBeginsAtTheRight();
    void pastingNothingDoesNothing();
    void tabLeavesTheTextField();
    void flowBreaksIntoLines();
    void splitBarSaysItsShares();
    void smallSplitPartsAreStillSeen();
    void memoryBarKnowsTightAndTooBig();
    void everythingGrowsWithTheTextSize();
};

void TestControls::badgeIsNamedByItsWord()
{
    Badge badge(QStringLiteral("valid JSON"), Tone::Ok, "check");
    QCOMPARE(badge.accessibleName(), QStringLiteral("valid JSON"));
    QCOMPARE(badge.sizeHint(), badgeSize(QStringLiteral("valid JSON"), "check"));
    QCOMPARE(badge.sizeHint().height(), 18);
    badge.set(QStringLiteral("not valid JSON"), Tone::Bad, "x");
    QCOMPARE(badge.accessibleName(), QStringLiteral("not valid JSON"));
    QCOMPARE(badge.tone(), Tone::Bad);
}

void TestControls::badgeIsClickedByKeys()
{
    Badge badge(QStringLiteral("cut"), Tone::Warn, "scissors");
    QSignalSpy clicked(&badge, &Badge::clicked);
    QTest::mouseClick(&badge, Qt::LeftButton);
    QTest::keyClick(&badge, Qt::Key_Return);
    QCOMPARE(clicked.count(), 0);
    badge.setClickable(true);
    QTest::mouseClick(&badge, Qt::LeftButton);
    QTest::keyClick(&badge, Qt::Key_Return);
    QTest::keyClick(&badge, Qt::Key_Space);
    QCOMPARE(clicked.count(), 3);
    QVERIFY(badge.sizeHint().height() >= 24);
}

void TestControls::chipGoesByDelAndByItsCross()
{
    Chip chip(QStringLiteral("Problem: cut"), true);
    QSignalSpy removed(&chip, &Chip::removed);
    QSignalSpy clicked(&chip, &QToolButton::clicked);
    chip.resize(chip.sizeHint());
    QTest::keyClick(&chip, Qt::Key_Delete);
    QCOMPARE(removed.count(), 1);
    QTest::mouseClick(&chip, Qt::LeftButton, {}, {chip.width() - 8, chip.height() / 2});
    QCOMPARE(removed.count(), 2);
    QCOMPARE(clicked.count(), 0);
    QTest::mouseClick(&chip, Qt::LeftButton, {}, {8, chip.height() / 2});
    QCOMPARE(clicked.count(), 1);
    QCOMPARE(chip.accessibleName(), QStringLiteral("Problem: cut"));

    chip.setRemovable(false);
    QTest::keyClick(&chip, Qt::Key_Delete);
    QCOMPARE(removed.count(), 2);
}

void TestControls::keyButtonMakesRoomForItsKey()
{
    KeyButton button(QStringLiteral("Approve"), KeyButton::Ok, "check");
    const int without = button.sizeHint().width();
    QCOMPARE(button.sizeHint().height(), 28);
    button.setKey(QStringLiteral("a"));
    QVERIFY(button.sizeHint().width() >= without + keyCapWidth(QStringLiteral("a")));
    QSignalSpy clicked(&button, &QPushButton::clicked);
    QTest::keyClick(&button, Qt::Key_Space);
    QTest::keyClick(&button, Qt::Key_Return); // both keys press what has the focus
    QCOMPARE(clicked.count(), 2);
    QTest::keyClick(&button, Qt::Key_Return, Qt::ControlModifier); // that is somebody else's shortcut
    QCOMPARE(clicked.count(), 2);
    QVERIFY(!button.autoDefault());
}

void TestControls::iconButtonHasANameAndATip()
{
    IconButton button("download", QStringLiteral("Save plot"));
    QCOMPARE(button.accessibleName(), QStringLiteral("Save plot"));
    QCOMPARE(button.toolTip(), QStringLiteral("Save plot"));
    QCOMPARE(button.sizeHint(), QSize(28, 28));
}

void TestControls::headerKeepsControlsAndElidesItsCaption()
{
    PanelHeader header(QStringLiteral("Rows"));
    header.setCaption(QStringLiteral("14 of 1,750 rows that have been imported so far from four files"));
    auto *button = new KeyButton(QStringLiteral("Import"), KeyButton::Plain, "import");
    header.addWidget(button);
    header.resize(260, 44);
    header.show();
    QCOMPARE(header.height(), 44);
    QVERIFY(header.rect().contains(button->geometry()));
    QVERIFY(button->width() >= button->sizeHint().width());
    QVERIFY(header.captionLabel()->width() < header.captionLabel()->sizeHint().width());
    header.resize(700, 44);
    QCoreApplication::processEvents();
    QCOMPARE(header.captionLabel()->width(), header.captionLabel()->sizeHint().width());
}

void TestControls::aShortTitleStaysWholeWhereItIsNarrow()
{
    PanelHeader header(QStringLiteral("Prompts"));
    header.setCaption(QStringLiteral("validation · 80 of 80 rows, none answered"));
    header.addWidget(new IconButton("search", QStringLiteral("Search")));
    header.resize(180, header.height());
    header.show();
    QVERIFY(QTest::qWaitForWindowExposed(&header));
    const auto labels = header.findChildren<ElidedLabel *>();
    QCOMPARE(labels[0]->width(), labels[0]->sizeHint().width());
    QVERIFY(labels[1]->width() < labels[1]->sizeHint().width());
    Theme::instance().setTextScale(2);
    header.resize(340, header.height());
    QTRY_COMPARE(labels[0]->width(), labels[0]->sizeHint().width());
}

void TestControls::emptyStateRunsItsActions()
{
    EmptyState empty("data", QStringLiteral("No rows yet."));
    int primary = 0;
    int link = 0;
    QTest::mouseClick(empty.setPrimary(QStringLiteral("Import"), [&primary] { ++primary; }), Qt::LeftButton);
    QTest::mouseClick(empty.addLink(QStringLiteral("Write the first row"), [&link] { ++link; }), Qt::LeftButton);
    QCOMPARE(primary, 1);
    QCOMPARE(link, 1);
    QCOMPARE(empty.accessibleName(), QStringLiteral("No rows yet."));
    empty.clearActions();
    QVERIFY(empty.findChildren<QPushButton *>().isEmpty());
}

void TestControls::noticeHidesWithoutText()
{
    QWidget window;
    auto *layout = new QVBoxLayout(&window);
    auto *notice = new InlineNotice;
    layout->addWidget(notice);
    window.show();
    notice->show(Tone::Warn, QStringLiteral("End token is cut."));
    QVERIFY(notice->isVisible());
    QVERIFY(notice->height() >= 32);
    QCOMPARE(notice->accessibleName(), QStringLiteral("End token is cut."));
    notice->show(Tone::Warn, {});
    QVERIFY(!notice->isVisible());
}

void TestControls::noticeLinksAct()
{
    InlineNotice notice(Tone::Bad);
    int raised = 0;
    // A link may replace the links, itself among them.
    notice.setLinks({{QStringLiteral("Raise to 576"), [&] {
                          ++raised;
                          notice.setLinks({});
                      }}});
    auto *link = notice.findChild<QPushButton *>();
    QVERIFY(link);
    QTest::mouseClick(link, Qt::LeftButton);
    QCOMPARE(raised, 1);
}

void TestControls::noticeLinksGoBelowWhereItIsNarrow()
{
    QWidget window;
    auto *layout = new QVBoxLayout(&window);
    auto *notice = new InlineNotice;
    layout->addWidget(notice);
    layout->addStretch();
    window.resize(900, 200);
    window.show();
    notice->show(Tone::Warn, QStringLiteral("The end token of turn 3 is cut, so the model would not learn to stop."),
                 {{QStringLiteral("Raise to 320"), [] {}}, {QStringLiteral("Drop row"), [] {}}});
    auto *link = notice->findChild<QPushButton *>();
    const auto *text = notice->findChildren<QLabel *>().last();
    const auto topOf = [&](const QWidget *widget) { return widget->mapTo(notice, QPoint()).y(); };
    QTRY_VERIFY(link->isVisible() && topOf(link) < text->geometry().bottom());
    const int flat = notice->height();
    window.resize(320, 200);
    QTRY_VERIFY(topOf(link) >= text->geometry().bottom());
    QTRY_VERIFY(notice->height() > flat);
    window.resize(900, 200);
    QTRY_COMPARE(notice->height(), flat);
}

void TestControls::theKeyboardGoesAlongWithTheSegment()
{
    SegmentedControl control({QStringLiteral("System"), QStringLiteral("Light"), QStringLiteral("Dark")});
    control.show();
    QVERIFY(QTest::qWaitForWindowActive(&control));
    const auto buttons = control.findChildren<QToolButton *>();
    buttons[0]->setFocus();
    control.setCurrent(2); // by a menu, say
    QVERIFY(buttons[2]->hasFocus());
    QWidget other;
    other.setFocusPolicy(Qt::StrongFocus);
    other.show();
    QVERIFY(QTest::qWaitForWindowActive(&other));
    other.setFocus();
    control.setCurrent(1);
    QVERIFY(other.hasFocus()); // it takes nothing that it did not have
}

void TestControls::arrowsMoveTheSegment()
{
    SegmentedControl control({QStringLiteral("Step"), QStringLiteral("Epoch"), QStringLiteral("Time")});
    QSignalSpy changed(&control, &SegmentedControl::changed);
    control.show();
    QVERIFY(QTest::qWaitForWindowActive(&control));
    const auto buttons = control.findChildren<QToolButton *>();
    buttons[0]->setFocus();
    QTest::keyClick(buttons[0], Qt::Key_Right);
    QCOMPARE(control.current(), 1);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Right);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Right);
    QCOMPARE(control.current(), 2);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Left);
    QCOMPARE(control.current(), 1);
    QCOMPARE(changed.count(), 3);
    control.setCurrent(1);
    QCOMPARE(changed.count(), 3);
}

void TestControls::arrowsPassDisabledSegments()
{
    SegmentedControl control({QStringLiteral("Text"), QStringLiteral("Word diff"), QStringLiteral("JSON")});
    control.setSegmentEnabled(1, false, QStringLiteral("Off while blind"));
    control.show();
    const auto buttons = control.findChildren<QToolButton *>();
    QCOMPARE(buttons[1]->toolTip(), QStringLiteral("Off while blind"));
    QTest::keyClick(buttons[0], Qt::Key_Right);
    QCOMPARE(control.current(), 2);
}

void TestControls::segmentsAreOneTabStop()
{
    SegmentedControl control({QStringLiteral("A"), QStringLiteral("B"), QStringLiteral("C")});
    control.setCurrent(2);
    int stops = 0;
    for (const QToolButton *button : control.findChildren<QToolButton *>())
        stops += button->focusPolicy() & Qt::TabFocus ? 1 : 0;
    QCOMPARE(stops, 1);
    QVERIFY(control.findChildren<QToolButton *>()[2]->focusPolicy() & Qt::TabFocus);
}

void TestControls::textFieldGrowsWithItsText()
{
    QWidget window;
    auto *layout = new QVBoxLayout(&window);
    auto *field = new AutoTextEdit;
    layout->addWidget(field);
    layout->addStretch();
    window.resize(300, 400);
    window.show();
    const int one = field->height();
    field->setPlainText(QStringLiteral("a\nb\nc"));
    QCoreApplication::processEvents();
    const int three = field->height();
    QVERIFY(three >= one + 2 * field->fontMetrics().height());
    field->setPlainText(QString(400, QLatin1Char('m')));
    QCoreApplication::processEvents();
    QVERIFY(field->height() > three);
    const int narrow = field->height();
    window.resize(900, 400);
    QCoreApplication::processEvents();
    QVERIFY(field->height() < narrow);
}

void TestControls::textFieldStopsGrowingAtItsMost()
{
    AutoTextEdit field;
    field.setLines(2, 4);
    field.resize(300, 100);
    field.show();
    const int least = field.height();
    field.setPlainText(QStringLiteral("1\n2\n3\n4\n5\n6\n7"));
    const int most = field.height();
    QCOMPARE(field.verticalScrollBarPolicy(), Qt::ScrollBarAsNeeded);
    field.setPlainText(QStringLiteral("1\n2\n3\n4"));
    QCOMPARE(field.height(), most);
    QCOMPARE(field.verticalScrollBarPolicy(), Qt::ScrollBarAlwaysOff); // all is seen
    field.setPlainText(QStringLiteral("1"));
    QCOMPARE(field.height(), least);
}

void TestControls::pastingNothingDoesNothing()
{
    AutoTextEdit field;
    field.setPlainText(QStringLiteral("text"));
    QGuiApplication::clipboard()->setMimeData(new QMimeData); // as where nothing was copied yet
    field.paste();
    QCOMPARE(field.toPlainText(), QStringLiteral("text"));
    QGuiApplication::clipboard()->setText(QStringLiteral("more "));
    field.paste();
    QCOMPARE(field.toPlainText(), QStringLiteral("more text"));
}

void TestControls::rightToLeftTextBeginsAtTheRight()
{
    AutoTextEdit edit;
    edit.setPlainText(QString::fromUtf8("مرحبا، أين طلبي رقم 4821؟"));
    QCOMPARE(edit.document()->defaultTextOption().alignment(), Qt::Alignment(Qt::AlignRight));
    edit.setPlainText(QStringLiteral("Where is order 4821?"));
    QCOMPARE(edit.document()->defaultTextOption().alignment(), Qt::Alignment(Qt::AlignLeft));
}

void TestControls::tabLeavesTheTextField()
{
    QWidget window;
    auto *layout = new QVBoxLayout(&window);
    auto *field = new AutoTextEdit;
    auto *next = new QLineEdit;
    layout->addWidget(field);
    layout->addWidget(next);
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    QSignalSpy in(field, &AutoTextEdit::focusIn);
    QSignalSpy out(field, &AutoTextEdit::focusOut);
    QSignalSpy escaped(field, &AutoTextEdit::escaped);
    next->setFocus();
    field->setFocus();
    QTest::keyClick(field, Qt::Key_Escape);
    QTest::keyClick(field, Qt::Key_Tab);
    QVERIFY(next->hasFocus());
    QVERIFY(in.count() >= 1);
    QVERIFY(out.count() >= 1);
    QCOMPARE(escaped.count(), 1);
    QVERIFY(!field->toPlainText().contains(QLatin1Char('\t')));
}

void TestControls::flowBreaksIntoLines()
{
    QWidget panel;
    auto *flow = new FlowLayout(&panel, 8, 4);
    for (int i = 0; i < 6; ++i)
        flow->addWidget(new Chip(QStringLiteral("refund %1").arg(i)));
    const int wide = flow->heightForWidth(2000);
    const int narrow = flow->heightForWidth(150);
    QVERIFY(narrow >= 2 * wide);
    panel.resize(150, narrow);
    panel.show();
    for (int i = 0; i < flow->count(); ++i)
        QVERIFY(panel.rect().contains(flow->itemAt(i)->geometry()));
    flow->clear();
    QCOMPARE(flow->count(), 0);
}

void TestControls::splitBarSaysItsShares()
{
    SplitBar bar;
    bar.setCounts(1480, 135, 135);
    QVERIFY(bar.accessibleName().contains(QStringLiteral("Train 1,480, 84.6 %")));
    QSignalSpy clicked(&bar, &SplitBar::partClicked);
    bar.resize(200, 24);
    bar.show();
    QTest::mouseClick(&bar, Qt::LeftButton, {}, {20, 12});
    QCOMPARE(clicked.takeFirst().first().toInt(), 0);
    QTest::keyClick(&bar, Qt::Key_Right);
    QTest::keyClick(&bar, Qt::Key_Right);
    QTest::keyClick(&bar, Qt::Key_Return);
    QCOMPARE(clicked.takeFirst().first().toInt(), 2);
}

void TestControls::smallSplitPartsAreStillSeen()
{
    SplitBar bar;
    bar.setCounts(100000, 1, 1);
    bar.resize(200, 24);
    const QImage image = bar.grab().toImage();
    int test = 0;
    for (int x = 0; x < image.width(); ++x)
        test += image.pixelColor(x, 12) == seriesColor(4) ? 1 : 0;
    QVERIFY(test >= 2);
}

void TestControls::memoryBarKnowsTightAndTooBig()
{
    constexpr double gib = 1024.0 * 1024 * 1024;
    MemoryBar bar;
    bar.setTotal(12 * gib);
    bar.setSafeLimit(11 * gib);
    bar.setParts({{QStringLiteral("Activations"), 3 * gib, seriesColor(0)}});
    QVERIFY(!bar.tight() && !bar.tooBig());
    QVERIFY(bar.accessibleName().contains(QStringLiteral("3.0 GiB of 12.0 GiB, predicted")));
    bar.setParts({{QStringLiteral("Activations"), 11.5 * gib, seriesColor(0)}});
    QVERIFY(bar.tight() && !bar.tooBig());
    bar.setState(MemoryBar::Measured);
    bar.setParts({{QStringLiteral("Activations"), 13.1 * gib, seriesColor(0)}});
    QVERIFY(bar.tooBig());
    QVERIFY(bar.accessibleName().contains(QStringLiteral("too big by 1.1 GiB")));
}

void TestControls::everythingGrowsWithTheTextSize()
{
    QWidget window;
    Badge badge(QStringLiteral("cut"), Tone::Warn, "scissors");
    Chip chip(QStringLiteral("refund"), true);
    KeyButton button(QStringLiteral("Approve"), KeyButton::Ok, "check", QStringLiteral("a"));
    IconButton icon("more", QStringLiteral("More"));
    SegmentedControl segments({QStringLiteral("Simple"), QStringLiteral("Advanced")});
    PanelHeader header(QStringLiteral("Rows"));
    const QList<QWidget *> all{&badge, &chip, &button, &icon, &segments};
    auto *layout = new QVBoxLayout(&window);
    for (QWidget *widget : all)
        layout->addWidget(widget);
    window.show(); // a widget that was never shown does not hear of the new font
    QVERIFY(QTest::qWaitForWindowExposed(&window));
    QList<QSize> before;
    for (const QWidget *widget : all)
        before += widget->sizeHint();
    const int headerBefore = header.height();
    Theme::instance().setTextScale(2);
    for (int i = 0; i < all.size(); ++i) {
        all[i]->ensurePolished();
        QVERIFY(all[i]->sizeHint().height() >= before[i].height() * 3 / 2);
        QVERIFY2(all[i]->sizeHint().width() > before[i].width() * 4 / 3, // margins stay
                 qPrintable(QStringLiteral("%1 grows from %2 to %3")
                                .arg(QLatin1String(all[i]->metaObject()->className()))
                                .arg(before[i].width())
                                .arg(all[i]->sizeHint().width())));
    }
    QCOMPARE(header.height(), 2 * headerBefore);
}

QTEST_MAIN(TestControls)
#include "tst_controls.moc"
