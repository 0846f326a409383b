#pragma once

#include <QAbstractButton>
#include <QLabel>
#include <QWidget>

#include <cstdint>

namespace attune::ui {

class SegmentedControl;

/// The small bold word at the head of a card.
class CardTitle final : public QLabel {
    Q_OBJECT
public:
    explicit CardTitle(const QString &text = {}, QWidget *parent = nullptr);
};

/// A text on one line, elided where it doesn't fit; takes what room there is.
class OneLine final : public QLabel {
    Q_OBJECT
public:
    explicit OneLine(QWidget *parent = nullptr);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

/// What an edit of a shared system turn is for: asked in its card, not in a box.
class ShareChoice final : public QWidget {
    Q_OBJECT
public:
    explicit ShareChoice(QWidget *parent = nullptr);
    void setRows(std::int64_t rows);
    bool all() const;
    void reset(); ///< back to this row only, without a word

Q_SIGNALS:
    void chosen(bool all);

private:
    QLabel *m_words;
    SegmentedControl *m_choice;
    bool m_resetting = false;
};

/// Five stars to click, and the keys that do the same.
class StarsButton final : public QAbstractButton {
    Q_OBJECT
public:
    explicit StarsButton(QWidget *parent = nullptr);
    void setRating(int rating);
    int rating() const { return m_rating; }
    void setCompact(bool compact); ///< one star and the number
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void rated(int rating);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    int m_rating = 0;
    bool m_compact = false;
};

/// "abc trained 26, abc masked 486, abc cut 27", each sample drawn as the tokens are.
class TokenLegend final : public QWidget {
    Q_OBJECT
public:
    explicit TokenLegend(QWidget *parent = nullptr);
    void setCounts(std::int64_t trained, std::int64_t masked, std::int64_t cut);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QStringList words(bool withNames) const;
    int widthOf(const QStringList &texts) const;
    std::int64_t m_trained = 0;
    std::int64_t m_masked = 0;
    std::int64_t m_cut = 0;
};

} // namespace attune::ui
