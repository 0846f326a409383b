#include "ui/train/adapter_choice.h"

#include "ui/theme/theme.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/file_dialog.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"

#include <QDir>
#include <QFontMetrics>
#include <QLabel>
#include <QVBoxLayout>

namespace attune::ui {

Result<LoraConfig> readAdapterShape(const std::filesystem::path &folder)
{
    ATTUNE_TRY(const auto adapter, readPeftAdapter(folder));
    return adapter.config;
}

AdapterChoice::AdapterChoice(Session &session, QWidget *parent)
    : QWidget(parent), m_session(session), m_link(new KeyButton(tr("and an adapter folder…"), KeyButton::Link)),
      m_chip(new Chip({}, true)), m_refusal(new QLabel)
{
    setObjectName(QStringLiteral("adapterChoice"));
    m_link->setObjectName(QStringLiteral("chooseAdapter"));
    m_link->setAccessibleName(tr("Start from an adapter folder"));
    m_link->setToolTip(
        tr("Goes on from an adapter that was exported, by Attune or by PEFT, instead of from a fresh one."));
    m_chip->setObjectName(QStringLiteral("adapter"));
    m_chip->setTone(Tone::Accent);
    m_refusal->setObjectName(QStringLiteral("adapterRefusal"));
    m_refusal->setWordWrap(true);
    setTextStyle(m_refusal, TextStyle::Caption);
    setForeground(m_refusal, Token::Bad);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(scaled(2));
    layout->addWidget(m_link, 0, Qt::AlignLeft);
    layout->addWidget(m_chip, 0, Qt::AlignLeft);
    layout->addWidget(m_refusal);
    connect(m_link, &QPushButton::clicked, this, &AdapterChoice::ask);
    connect(m_chip, &QToolButton::clicked, this, &AdapterChoice::ask);
    connect(m_chip, &Chip::removed, this, &AdapterChoice::clear);
    m_refusal->hide();
    update();
}

void AdapterChoice::ask()
{
    const QString folder = FileDialog::folder(
        this, tr("The folder of an adapter (adapter_config.json, adapter_model.safetensors)"), m_folder);
    if (!folder.isEmpty())
        choose(folder);
}

void AdapterChoice::choose(const QString &folder)
{
    m_session.ask<LoraConfig>(
        this, QStringLiteral("adapter"), [path = toUtf8(folder)](Project &) { return readAdapterShape(path); },
        [this, folder](Result<LoraConfig> shape) {
            m_refusal->setText(shape ? QString() : fromUtf8(shape.error().message));
            m_refusal->setVisible(!shape);
            if (!shape)
                return;
            m_folder = folder;
            update();
            Q_EMIT chosen(*shape);
        });
}

void AdapterChoice::clear()
{
    const bool had = !m_folder.isEmpty();
    m_folder.clear();
    m_refusal->hide();
    update();
    if (had)
        Q_EMIT cleared();
}

void AdapterChoice::update()
{
    const QString name = QDir(m_folder).dirName();
    m_chip->setText(tr("adapter: %1").arg(elided(name, QFontMetrics(ui::font(TextStyle::Small)), scaled(150))));
    m_chip->setToolTip(m_folder);
    m_chip->setAccessibleName(tr("Adapter to start from: %1. Delete takes it out.").arg(m_folder));
    m_chip->setVisible(!m_folder.isEmpty());
    m_link->setVisible(m_folder.isEmpty());
}

} // namespace attune::ui
