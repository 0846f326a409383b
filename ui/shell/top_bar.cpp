#include "ui/shell/top_bar.h"

#include "core/model/registry.h"
#include "core/studio/sample_project.h"
#include "ui/shell/model_fit.h"
#include "ui/shell/run_chip.h"
#include "ui/shell/run_feed.h"
#include "ui/widgets/format.h"
#include "ui/widgets/key_button.h"
#include "ui/widgets/paint.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QMenu>
#include <QMenuBar>
#include <QPainter>
#include <QResizeEvent>
#include <QShortcut>

#include <algorithm>

namespace attune::ui {

namespace {

constexpr int Height = 44;
constexpr int Narrow = 1240;
constexpr int LeastName = 40;    // px of a project's or a model's name
constexpr int LongestName = 240;

/// A model as it is called: known names as they are, a path by its last part.
QString modelTitle(const QString &model)
{
    return model.contains('/') ? QFileInfo(model).fileName() : model;
}

class Divider final : public QWidget {
public:
    Divider() { setFixedSize(17, 24); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        drawLine(&painter, {width() / 2, 0}, {width() / 2, height()});
    }
};

/// The palette's field in the bar: it only looks like one, a click opens the real one.
class PaletteButton final : public BarButton {
public:
    PaletteButton() : BarButton("search") { setFrame(true); }
    void setShort(bool shortForm)
    {
        m_short = shortForm;
        updateGeometry();
    }
    QSize sizeHint() const override
    {
        QSize size = BarButton::sizeHint();
        size.rwidth() += m_short ? 0 : keyCapWidth(key()) + scaled(26);
        return size;
    }

protected:
    void paintEvent(QPaintEvent *event) override
    {
        BarButton::paintEvent(event);
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        if (!m_short)
            drawKeyCap(&painter, rect().adjusted(0, 0, -scaled(8), 0), key());
    }

private:
    static QString key() { return QStringLiteral("Ctrl K"); }
    bool m_short = false;
};

} // namespace

TopBar::TopBar(QWidget *parent)
    : QWidget(parent), m_menuBar(new QMenuBar), m_menuButton(new IconButton("menu", tr("Menu"))),
      m_divider(new Divider), m_project(new BarButton("file")), m_model(new BarButton("models")),
      m_runChip(new RunChip), m_palette(new PaletteButton), m_projectMenu(new QMenu(this))
{
    setObjectName("topBar");
    setAccessibleName(tr("Top bar"));
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 0, 12, 0);
    layout->setSpacing(4);
    m_menuBar->setNativeMenuBar(false);
    m_menuBar->setAccessibleName(tr("Menus"));
    m_menuBar->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    layout->addWidget(m_menuBar);
    layout->addWidget(m_menuButton);
    layout->addWidget(m_divider);
    layout->addWidget(m_project);
    layout->addWidget(m_model);
    layout->addStretch();
    layout->addWidget(m_runChip);
    layout->addSpacing(8);
    layout->addWidget(m_palette);

    m_menuButton->setObjectName("menuButton");
    m_menuButton->hide();
    connect(m_menuButton, &QAbstractButton::clicked, this, [this] {
        QMenu menu;
        for (QAction *action : m_menuBar->actions())
            if (action->isVisible())
                menu.addMenu(action->menu());
        menu.exec(m_menuButton->mapToGlobal(QPoint(0, m_menuButton->height())));
    });

    m_project->setObjectName("projectChip");
    m_project->setAccessibleName(tr("Project"));
    m_project->setArrow(true);
    m_projectMenu->setAccessibleName(tr("Project"));
    connect(m_project, &QAbstractButton::clicked, this,
            [this] { m_projectMenu->popup(m_project->mapToGlobal(QPoint(0, m_project->height()))); });
    m_model->setObjectName("modelChip");
    m_model->setAccessibleName(tr("Base model"));
    m_model->setArrow(true);
    connect(m_model, &QAbstractButton::clicked, this, &TopBar::showModels);

    connect(m_runChip, &QAbstractButton::clicked, this, &TopBar::runAsked);
    m_runChip->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_runChip, &QWidget::customContextMenuRequested, this,
            [this](const QPoint &at) { Q_EMIT runMenuAsked(m_runChip->mapToGlobal(at)); });

    m_palette->setObjectName("paletteField");
    m_palette->setTexts(tr("Find any action"));
    m_palette->setAccessibleName(tr("Find any action"));
    m_palette->setToolTip(tr("Find any action, run or row (Ctrl+K)"));
    connect(m_palette, &QAbstractButton::clicked, this, &TopBar::paletteAsked);

    const auto fit = [this] {
        setFixedHeight(scaled(Height));
        fold();
    };
    fit();
    connect(&Theme::instance(), &Theme::changed, this, fit);
    setSession(nullptr);
}

void TopBar::setSession(Session *session)
{
    delete m_feed;
    m_feed = nullptr;
    m_session = session;
    for (QWidget *widget : {m_divider, static_cast<QWidget *>(m_project), static_cast<QWidget *>(m_model)})
        widget->setVisible(session != nullptr);
    m_runChip->setSaving(false);
    m_runChip->setPaused(0);
    m_runChip->setStatus({});
    m_project->setBusy(false);
    if (!session)
        return;
    m_project->setTexts(fromUtf8(session->path().filename().string()));
    m_project->setAccessibleName(tr("Project %1").arg(m_project->text()));
    m_project->setToolTip(fromUtf8(session->path().string()));
    m_feed = new RunFeed(*session, this);
    connect(m_feed, &RunFeed::changed, this, [this](const RunStatus &status) {
        m_runChip->setStatus(status);
        shareRoom();
    });
    connect(session, &Session::baseModelChanged, this, &TopBar::showModel);
    connect(session, &Session::encoderChanged, this, &TopBar::showModel);
    connect(session, &Session::jobsChanged, this,
            [this, session] { m_project->setBusy(!session->jobs().isEmpty()); });
    showModel();
    fold();
}

void TopBar::showModel()
{
    if (!m_session)
        return;
    const QString title = modelTitle(m_session->baseModel());
    const bool failed = !m_session->encoderError().isEmpty();
    m_model->setTexts(title, failed ? tr("can't be used") : QString());
    m_model->setAccessibleName(tr("Base model %1").arg(title));
    m_model->setToolTip(failed ? m_session->encoderError()
                               : tr("Base model of the next run: %1").arg(m_session->baseModel()));
    shareRoom();
}

/// The models that this machine knows; read when asked, as another program may have added one.
void TopBar::showModels()
{
    QMenu menu;
    menu.setAccessibleName(tr("Base model"));
    const auto known = knownModels();
    const auto add = [&](const QString &name, const QString &where) {
        QAction *action = menu.addAction(name);
        action->setCheckable(true);
        action->setChecked(name == m_session->baseModel());
        action->setToolTip(where);
        connect(action, &QAction::triggered, this, [this, name] { m_session->setBaseModel(name); });
        return action;
    };
    menu.setToolTipsVisible(true);
    bool shown = false;
    QHash<QString, QAction *> byPath;
    std::vector<std::filesystem::path> paths;
    if (known) {
        for (const KnownModel &model : *known) {
            byPath.insert(fromUtf8(model.path.string()), add(fromUtf8(model.name), fromUtf8(model.path.string())));
            paths.push_back(model.path);
            shown = shown || fromUtf8(model.name) == m_session->baseModel();
        }
    }
    if (!shown)
        add(m_session->baseModel(), tr("Named by this project"));
    menu.addSeparator();
    connect(menu.addAction(tr("Add a model folder…")), &QAction::triggered, this,
            [this] { Q_EMIT addModelAsked(false); });
    connect(menu.addAction(tr("Add a GGUF file…")), &QAction::triggered, this,
            [this] { Q_EMIT addModelAsked(true); });
    TrainSettings next;
    next.max_length = m_session->maxLength();
    askFits(&menu, paths, next, [byPath](const QHash<QString, QString> &fits) {
        for (auto fit = fits.begin(); fit != fits.end(); ++fit)
            if (QAction *action = byPath.value(fit.key()))
                action->setText(action->text() + '\t' + fit.value());
    });
    menu.exec(m_model->mapToGlobal(QPoint(0, m_model->height())));
}

void TopBar::fold()
{
    const bool narrow = width() < scaled(Narrow);
    m_menuBar->setVisible(!narrow);
    m_menuButton->setVisible(narrow);
    lendMenuKeys(narrow);
    m_runChip->setShort(narrow);
    static_cast<PaletteButton *>(m_palette)->setShort(width() < scaled(900));
    shareRoom();
}

/// A menu bar that is hidden takes no keys: its menus open at the button then.
void TopBar::lendMenuKeys(bool folded)
{
    if (folded && m_menuKeys.isEmpty()) {
        for (QAction *title : m_menuBar->actions()) {
            auto *key = new QShortcut(QKeySequence::mnemonic(title->text()), this);
            connect(key, &QShortcut::activated, this, [this, title] {
                if (title->isVisible())
                    title->menu()->popup(m_menuButton->mapToGlobal(QPoint(0, m_menuButton->height())));
            });
            m_menuKeys.append(key);
        }
    }
    for (QShortcut *key : m_menuKeys)
        key->setEnabled(folded);
}

/// Project and model get what the others leave.
void TopBar::shareRoom()
{
    int room =
        width() - layout()->contentsMargins().left() - layout()->contentsMargins().right() - m_divider->width();
    for (const QWidget *widget :
         std::initializer_list<const QWidget *>{m_menuBar, m_menuButton, m_runChip, m_palette})
        if (!widget->isHidden())
            room -= widget->sizeHint().width() + 2 * layout()->spacing();
    for (BarButton *chip : {m_project, m_model}) {
        chip->setLongest(0); // what it needs beside its name
        room -= chip->sizeHint().width() + 2 * layout()->spacing();
    }
    const int unit = scaled(100);
    const auto wanted = [unit](const BarButton *chip) {
        return textWidth(chip->text(), TextStyle::Strong) * 100 / unit + 1;
    };
    const int all = std::max(room, 0) * 100 / unit;
    // A short name leaves its share to the other.
    const int project = std::clamp(std::max(all / 2, all - wanted(m_model)), LeastName, LongestName);
    m_project->setLongest(project);
    m_model->setLongest(std::clamp(all - std::min(project, wanted(m_project)), LeastName, LongestName));
}

void TopBar::resizeEvent(QResizeEvent *event)
{
    fold();
    QWidget::resizeEvent(event);
}

void TopBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(Token::Window));
    drawLine(&painter, rect().bottomLeft(), rect().bottomRight());
}

} // namespace attune::ui
