#pragma once

#include "ui/compare/compare_column.h"
#include "ui/compare/prompt_model.h"
#include "ui/session/session.h"
#include "ui/session/workspace.h"

#include <QElapsedTimer>
#include <QHash>
#include <QTimer>

#include <memory>

class QComboBox;
class QLabel;
class QLineEdit;
class QSplitter;

namespace attune::ui {

class ColumnsArea;
class IconButton;
class InlineNotice;
class PickerPopup;
class PromptBox;
class PromptPanel;
class QuestionCard;
class SegmentedControl;

/// Base and runs answer the same question side by side.
class CompareWorkspace final : public Workspace {
    Q_OBJECT
public:
    explicit CompareWorkspace(Session &session, QWidget *parent = nullptr);
    QString id() const override { return QStringLiteral("compare"); }
    QString title() const override { return tr("Compare"); }
    const char *iconName() const override { return "compare"; }
    QList<WorkspaceAction> workspaceActions() override { return m_actions; }
    QList<TourState> tourStates() override;
    QWidget *searchField() override;
    QList<QWidget *> regions() override;
    void shown() override;
    void aboutToClose() override;
    /// {"run": 3, "checkpoint": "best"}: base and that run. {"example": 217}: that row as the question.
    void open(const QVariantMap &with) override;

    const CompareSession &comparison() const { return m_compare; }
    /// How long the model stays in memory after the workspace was left.
    void keepModelFor(int milliseconds) { m_idle.setInterval(milliseconds); }

protected:
    void resizeEvent(QResizeEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    /// The question that the columns are about.
    struct Question {
        qint64 id = 0;             ///< of the row, or of an entry of the own list; 0: typed
        PromptSource source = PromptSource::Validation;
        std::vector<Message> turns; ///< of a row, without its system turn and its answer
        QString system;
        QString reference;
        QString text;
    };
    /// What is kept of a comparison without its texts.
    struct Line {
        qint64 id = 0;
        QString title;
        QString createdAt;
        qint64 example = 0;
        std::vector<std::optional<Answerer>> answerers;
        QString names;
        Verdict verdict = Verdict::Unknown;
    };

    // compare_layout.cpp
    void build();
    QWidget *buildToolBar();
    void makeActions();
    QAction *addAction(Menu menu, const char *name, const QString &text, const QList<QKeySequence> &keys,
                       std::function<void()> act);
    void applyNarrow();
    void fit();
    // compare_asking.cpp
    void ask();
    void answerNext();
    void toggleAnswerAll();
    void newConversation();
    void poll();
    void ended();
    void refreshColumn(std::size_t index);
    void refreshColumns();
    void refreshState();
    void alignFields();
    ColumnContext context() const;
    void focusColumn(int column);
    void setShow(ShowAnswers show);
    void drawSeed();
    // compare_columns.cpp
    void setColumns(int count);
    void setAnswerer(std::size_t column, const std::optional<Answerer> &answerer);
    std::optional<Answerer> nextAnswerer() const;
    void fillColumns();
    void showAnswerers();
    void loadChoices();
    void applyChoices(AnswererChoices choices);
    void copyMarkdown();
    void copyAnswer(std::size_t column);
    void addToData(std::size_t column);
    // compare_prompts.cpp
    void choosePrompt(qint64 id);
    void showQuestion();
    void setQuestion(Question question);
    void readRow(qint64 id, std::function<void(Question)> done);
    void restoreFor(qint64 id);
    void loadLines();
    void updateVerdicts();
    void keepTranscript();
    void openTranscript(qint64 id, bool followPrompt);
    void showTranscripts();
    void listTranscripts();
    void loadSettings();
    std::string settingsText() const;
    void addTypedToOwn();
    void readPromptFile(const QString &path);

    Session &m_session;
    CompareSession m_compare;
    QList<WorkspaceAction> m_actions;

    QSplitter *m_splitter = nullptr;
    QWidget *m_strip = nullptr;
    PromptPanel *m_prompts = nullptr;
    SegmentedControl *m_count = nullptr;
    QLabel *m_countWord = nullptr;
    QLabel *m_seedWord = nullptr;
    QLabel *m_showWord = nullptr;
    IconButton *m_lock = nullptr;
    QLineEdit *m_seed = nullptr;
    SegmentedControl *m_show = nullptr;
    QComboBox *m_against = nullptr;
    IconButton *m_history = nullptr;
    QWidget *m_cardArea = nullptr;
    QuestionCard *m_card = nullptr;
    InlineNotice *m_notice = nullptr;
    ColumnsArea *m_area = nullptr;
    QList<CompareColumnView *> m_views;
    PromptBox *m_box = nullptr;
    QLabel *m_status = nullptr;
    PickerPopup *m_transcriptPopup = nullptr;
    QAction *m_diffAction = nullptr;
    bool m_narrow = false;
    bool m_seen = false;

    AnswererChoices m_choices;
    bool m_choicesLoaded = false;
    std::optional<Answerer> m_wanted; ///< by open(), until the runs are known
    Question m_question;
    QString m_typed;      ///< what was asked last; comes back where nothing was sent
    bool m_seedLocked = true;
    bool m_answeringAll = false;
    int m_focused = 0;
    std::vector<QString> m_held; ///< text that waits for the end of its sentence
    MemoryHeld m_memory;
    double m_loading = -1;
    QList<Line> m_lines;
    qint64 m_transcript = 0; ///< that this comparison is listed as; below 0: not kept yet; 0: nothing to keep
    qint64 m_unkept = 0;     ///< the last number of a comparison that is not kept yet
    /// m_transcript in the project, 0 until it is there. Only the writing worker looks into it, so that two savings
    /// in a row make one transcript.
    std::shared_ptr<std::int64_t> m_keptAs;
    int m_conversation = 0;  ///< changes with every new one
    bool m_settingsLoaded = false;
    bool m_unloading = false; ///< the model is being freed

    QElapsedTimer m_compared; ///< since the differences were drawn, while answers grow
    QTimer m_align;
    QTimer m_poll;
    QTimer m_idle;
    QTimer m_choicesTimer;
};

} // namespace attune::ui
