#include "ui/shell/settings_page.h"

#include "core/base/files.h"
#include "core/model/registry.h"
#include "ui/shell/action_book.h"
#include "ui/shell/model_fit.h"
#include "ui/theme/theme.h"
#include "ui/widgets/format.h"
#include "ui/widgets/inline_notice.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/segmented_control.h"

#include <QCheckBox>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QHeaderView>
#include <QKeySequenceEdit>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace attune::ui {

namespace {

constexpr int ColumnWidth = 720;
constexpr double Sizes[] = {1.0, 1.25, 1.5, 1.75, 2.0};
constexpr int NameRole = Qt::UserRole;

QLabel *heading(const QString &text)
{
    auto *label = new QLabel(text);
    label->setProperty("title", true);
    return label;
}

QLabel *pathLabel(const QString &text)
{
    auto *label = new QLabel(text);
    label->setProperty("mono", true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    label->setAccessibleName(text);
    label->setWordWrap(true);
    return label;
}

} // namespace

SettingsPage::SettingsPage(ActionBook &book, QWidget *parent) : QScrollArea(parent), m_book(book)
{
    setObjectName("settingsPage");
    setAccessibleName(tr("Settings"));
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::NoFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto *page = new QWidget;
    auto *row = new QHBoxLayout(page);
    row->setContentsMargins(24, 20, 24, 24);
    auto *column = new QWidget;
    row->addWidget(column);
    row->addStretch(1);
    auto *layout = new QVBoxLayout(column);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(10);
    for (QWidget *section : {makeLook(), makeModels(), makeKeys(), makePlaces()}) {
        layout->addWidget(section);
        layout->addSpacing(14);
    }
    layout->addStretch(1);
    setWidget(page);
    const auto fit = [this, column] {
        column->setMaximumWidth(scaled(ColumnWidth));
        column->setMinimumWidth(std::min(scaled(ColumnWidth), 640));
        m_models->setFixedHeight(scaled(104));
        m_keys->setFixedHeight(scaled(320));
        showKeys(); // its columns are as wide as their words
        showLook();
    };
    fit();
    connect(&Theme::instance(), &Theme::changed, this, fit);
}

QWidget *SettingsPage::makeLook()
{
    auto *box = new QWidget;
    auto *layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(heading(tr("Look")));
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(16);
    form->setVerticalSpacing(10);
    form->setFieldGrowthPolicy(QFormLayout::FieldsStayAtSizeHint);
    m_theme = new SegmentedControl({tr("As the system"), tr("Light"), tr("Dark")});
    m_theme->setObjectName("themeChoice");
    m_theme->setAccessibleName(tr("Theme"));
    m_textSize = new SegmentedControl({tr("100 %"), tr("125 %"), tr("150 %"), tr("175 %"), tr("200 %")});
    m_textSize->setObjectName("textSize");
    m_textSize->setAccessibleName(tr("Text size"));
    m_motion = new QCheckBox(tr("Reduce motion: nothing fades or slides"));
    m_motion->setObjectName("reduceMotion");
    m_motion->setAccessibleName(tr("Reduce motion"));
    form->addRow(tr("Theme"), m_theme);
    form->addRow(tr("Text size"), m_textSize);
    form->addRow(QString(), m_motion);
    layout->addLayout(form);
    connect(m_theme, &SegmentedControl::changed, this, [](int index) {
        Theme::instance().setChoice(index == 1   ? ThemeChoice::Light
                                    : index == 2 ? ThemeChoice::Dark
                                                 : ThemeChoice::System);
    });
    connect(m_textSize, &SegmentedControl::changed, this,
            [](int index) { Theme::instance().setTextScale(Sizes[index]); });
    connect(m_motion, &QCheckBox::toggled, this, [](bool on) { Theme::instance().setReducedMotion(on); });
    return box;
}

void SettingsPage::showLook()
{
    const Theme &theme = Theme::instance();
    const QSignalBlocker quietTheme(m_theme);
    const QSignalBlocker quietSize(m_textSize);
    const QSignalBlocker quietMotion(m_motion);
    m_theme->setCurrent(theme.choice() == ThemeChoice::Light ? 1 : theme.choice() == ThemeChoice::Dark ? 2 : 0);
    const auto nearest = std::min_element(std::begin(Sizes), std::end(Sizes), [&](double a, double b) {
        return std::abs(a - theme.textScale()) < std::abs(b - theme.textScale());
    });
    m_textSize->setCurrent(static_cast<int>(nearest - std::begin(Sizes)));
    m_motion->setChecked(theme.reducedMotion());
}

QWidget *SettingsPage::makeModels()
{
    auto *box = new QWidget;
    auto *layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(heading(tr("Models")));
    auto *about =
        new QLabel(tr("Models that this machine knows: Hugging Face folders and GGUF files. They stay where they "
                      "are; nothing is fetched from the network."));
    about->setWordWrap(true);
    layout->addWidget(about);
    m_modelNotice = new InlineNotice(Tone::Bad);
    m_modelNotice->setObjectName("modelNotice");
    m_modelNotice->hide();
    layout->addWidget(m_modelNotice);
    m_models = new QListWidget;
    m_models->setObjectName("knownModels");
    m_models->setAccessibleName(tr("Known models"));
    m_models->setTextElideMode(Qt::ElideMiddle);
    m_models->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    layout->addWidget(m_models);
    auto *buttons = new QHBoxLayout;
    auto *folder = new KeyButton(tr("Add a folder"), KeyButton::Plain, "folder");
    auto *file = new KeyButton(tr("Add a GGUF file"), KeyButton::Plain, "file");
    auto *remove = new KeyButton(tr("Remove from the list"), KeyButton::Flat, "trash");
    folder->setObjectName("addModelFolder");
    file->setObjectName("addModelFile");
    remove->setObjectName("removeModel");
    for (KeyButton *button : {folder, file, remove}) {
        button->setAccessibleName(button->text());
        buttons->addWidget(button);
    }
    buttons->addStretch(1);
    layout->addLayout(buttons);
    connect(folder, &QAbstractButton::clicked, this, [this] { Q_EMIT addModelAsked(false); });
    connect(file, &QAbstractButton::clicked, this, [this] { Q_EMIT addModelAsked(true); });
    const auto allow = [this, remove] {
        const auto *item = m_models->currentItem();
        remove->setEnabled(item && !item->data(NameRole).toString().isEmpty());
        remove->setToolTip(remove->isEnabled() ? tr("The files stay") : tr("Choose a model that you added"));
    };
    connect(m_models, &QListWidget::currentItemChanged, this, allow);
    connect(remove, &QAbstractButton::clicked, this, [this] {
        const auto *item = m_models->currentItem();
        if (!item)
            return;
        const auto removed = removeModel(toUtf8(item->data(NameRole).toString()));
        showModels();
        if (!removed)
            showModelTrouble(fromUtf8(removed.error().message));
    });
    allow();
    return box;
}

void SettingsPage::showModelTrouble(const QString &sentence)
{
    m_modelNotice->show(Tone::Bad, sentence);
    ensureWidgetVisible(m_modelNotice);
}

void SettingsPage::showModels()
{
    m_models->clear();
    m_modelNotice->hide();
    const auto known = knownModels();
    if (!known) {
        showModelTrouble(fromUtf8(known.error().message));
        return;
    }
    std::vector<std::filesystem::path> paths;
    for (const KnownModel &model : *known) {
        paths.push_back(model.path);
        auto *item = new QListWidgetItem(fromUtf8(model.name) + "   " + fromUtf8(model.path.string()), m_models);
        item->setData(NameRole, model.bundled ? QString() : fromUtf8(model.name)); // the bundled one stays
        item->setToolTip(fromUtf8(model.path.string()));
    }
    askFits(m_models, paths, {}, [list = m_models](const QHash<QString, QString> &fits) {
        for (int i = 0; i < list->count(); ++i) {
            QListWidgetItem *item = list->item(i);
            const QString fit = fits.value(item->toolTip());
            if (!fit.isEmpty() && !item->text().contains(fit))
                item->setText(item->text().replace(QStringLiteral("   "), QStringLiteral("   %1   ").arg(fit)));
        }
    });
    if (known->empty())
        showModelTrouble(tr("No model is known yet: run installer/setup, or add one here."));
}

QWidget *SettingsPage::makeKeys()
{
    auto *box = new QWidget;
    auto *layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(heading(tr("Keys")));
    m_keySearch = new QLineEdit;
    m_keySearch->setObjectName("keySearch");
    m_keySearch->setPlaceholderText(tr("Search actions and keys"));
    m_keySearch->setAccessibleName(tr("Search actions and keys"));
    m_keySearch->setClearButtonEnabled(true);
    layout->addWidget(m_keySearch);
    m_keyNotice = new InlineNotice(Tone::Warn);
    m_keyNotice->setObjectName("keyNotice");
    m_keyNotice->hide();
    layout->addWidget(m_keyNotice);
    m_keys = new QTreeWidget;
    m_keys->setObjectName("keyList");
    m_keys->setAccessibleName(tr("Keys"));
    m_keys->setRootIsDecorated(false);
    m_keys->setUniformRowHeights(true);
    m_keys->setHeaderLabels({tr("Action"), tr("Where"), tr("Key")});
    m_keys->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_keys->header()->setStretchLastSection(false);
    layout->addWidget(m_keys);
    auto *buttons = new QHBoxLayout;
    auto *change = new KeyButton(tr("Change the key"), KeyButton::Plain, "keyboard");
    auto *restore = new KeyButton(tr("Back to its own key"), KeyButton::Flat, "undo");
    change->setObjectName("changeKey");
    restore->setObjectName("restoreKey");
    for (KeyButton *button : {change, restore}) {
        button->setAccessibleName(button->text());
        button->setEnabled(false);
        buttons->addWidget(button);
    }
    buttons->addStretch(1);
    layout->addLayout(buttons);
    connect(m_keySearch, &QLineEdit::textChanged, this, &SettingsPage::filterKeys);
    connect(m_keys, &QTreeWidget::itemActivated, this, &SettingsPage::editKey);
    connect(m_keys, &QTreeWidget::currentItemChanged, this, [change, restore](const QTreeWidgetItem *item) {
        change->setEnabled(item != nullptr);
        restore->setEnabled(item != nullptr);
    });
    connect(change, &QAbstractButton::clicked, this, [this] { editKey(m_keys->currentItem()); });
    connect(restore, &QAbstractButton::clicked, this, [this] {
        const auto *item = m_keys->currentItem();
        auto *action = item ? item->data(0, NameRole).value<QAction *>() : nullptr;
        if (!action)
            return;
        const QString holder = m_book.setKey(*action, m_book.ownKey(*action));
        m_keyNotice->show(Tone::Warn,
                          holder.isEmpty() ? QString() : tr("\"%1\" has that key now. Change it first.").arg(holder));
        showKeys();
    });
    return box;
}

void SettingsPage::showKeys()
{
    const auto *current = m_keys->currentItem();
    auto *kept = current ? current->data(0, NameRole).value<QAction *>() : nullptr;
    m_keys->clear();
    for (const BookedAction &booked : m_book.actions()) {
        auto *item = new QTreeWidgetItem(m_keys, {ActionBook::plainText(*booked.action),
                                                  booked.workspace.isEmpty() ? tr("Everywhere") : booked.workspace,
                                                  booked.action->shortcut().toString(QKeySequence::NativeText)});
        item->setData(0, NameRole, QVariant::fromValue(booked.action.data()));
        if (booked.action == kept)
            m_keys->setCurrentItem(item);
    }
    m_keys->resizeColumnToContents(1);
    m_keys->setColumnWidth(2, scaled(150));
    filterKeys();
}

void SettingsPage::filterKeys()
{
    const QString wanted = m_keySearch->text().trimmed();
    for (int i = 0; i < m_keys->topLevelItemCount(); ++i) {
        QTreeWidgetItem *item = m_keys->topLevelItem(i);
        const bool fits = item->text(0).contains(wanted, Qt::CaseInsensitive) ||
                          item->text(2).contains(wanted, Qt::CaseInsensitive);
        item->setHidden(!fits);
    }
}

/// A small dialog that waits for the key: nothing else may get it meanwhile.
void SettingsPage::editKey(QTreeWidgetItem *item)
{
    auto *action = item ? item->data(0, NameRole).value<QAction *>() : nullptr;
    if (!action)
        return;
    QDialog dialog(this);
    dialog.setWindowTitle(tr("Key of \"%1\"").arg(ActionBook::plainText(*action)));
    auto *layout = new QVBoxLayout(&dialog);
    auto *about = new QLabel(tr("Press the new key, or clear it."));
    auto *field = new QKeySequenceEdit(action->shortcut());
    field->setAccessibleName(dialog.windowTitle());
    if (auto *line = field->findChild<QLineEdit *>()) {
        line->setAccessibleName(dialog.windowTitle());
        line->setClearButtonEnabled(true);
    }
    auto *buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
    layout->addWidget(about);
    layout->addWidget(field);
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::accepted, &dialog, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, &dialog, &QDialog::reject);
    if (dialog.exec() != QDialog::Accepted)
        return;
    const QKeySequence typed = field->keySequence();
    const QKeySequence key = typed.isEmpty() ? QKeySequence() : QKeySequence(typed[0]);
    const QString holder = m_book.setKey(*action, key);
    m_keyNotice->show(Tone::Warn, holder.isEmpty() ? QString()
                                                   : tr("%1 belongs to \"%2\". Change that one first.")
                                                         .arg(key.toString(QKeySequence::NativeText), holder));
    showKeys();
}

QWidget *SettingsPage::makePlaces()
{
    auto *box = new QWidget;
    auto *layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(heading(tr("Where things are")));
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(16);
    form->addRow(tr("Settings, log, samples"), pathLabel(fromUtf8(dataFolder().string())));
    form->addRow(tr("Models and libraries"), pathLabel(fromUtf8(cacheFolder().string())));
    form->addRow(tr("Projects"), new QLabel(tr("Each is one .attune file, wherever you put it.")));
    layout->addLayout(form);
    return box;
}

void SettingsPage::refresh()
{
    showLook();
    showModels();
    showKeys();
}

} // namespace attune::ui
