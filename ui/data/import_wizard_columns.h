#pragma once

#include "ui/data/import_wizard_plan.h"

#include <QHeaderView>
#include <QWidget>

class QComboBox;
class QPlainTextEdit;
class QStackedWidget;
class QStandardItemModel;
class QTableView;

namespace attune::ui {

/// The head of a table with, below each name, the choice of what the column is used for.
class RoleHeader final : public QHeaderView {
    Q_OBJECT
public:
    explicit RoleHeader(QTableView *table);
    void setColumns(const std::vector<PreviewColumn> &columns); ///< none: names alone, without choices
    QComboBox *picker(int column) const { return m_pickers.value(column); }
    QSize sizeHint() const override;
    void place();
    void fitWords(); ///< no picker shows half of its word

Q_SIGNALS:
    void roleChosen(int column, attune::ColumnRole role);

private:
    void showIcons();

protected:
    void paintSection(QPainter *painter, const QRect &rect, int column) const override;
    void resizeEvent(QResizeEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    QTableView *m_table;
    QStringList m_kinds;
    QList<QComboBox *> m_pickers;
};

/// The first records of the files, by column, or as the conversations that they hold.
class ImportColumns final : public QWidget {
    Q_OBJECT
public:
    explicit ImportColumns(QWidget *parent = nullptr);
    void show(const CheckedImport &checked);
    using QWidget::show;
    void setCurrentRecord(int record);
    RoleHeader *header() const { return m_header; }
    void setRaw(bool raw); ///< the records as they stand in the file, instead of the table

Q_SIGNALS:
    void roleChosen(const QString &column, attune::ColumnRole role);
    void currentRecordChanged(int record);

private:
    void showRaw(const CheckedImport &checked);
    void fitText();

    QStackedWidget *m_views;
    QTableView *m_table;
    QStandardItemModel *m_model;
    RoleHeader *m_header;
    QPlainTextEdit *m_raw;
    std::vector<std::string> m_names; ///< of the columns at hand
    bool m_filling = false;
    int m_unit = 100; ///< of the text size that the columns were last fitted to
};

QString roleChoiceWord(ColumnRole role); ///< "Assistant"

/// The first records of all files, in the order that the table shows them.
std::vector<const PreviewRecord *> firstRecords(const CheckedImport &checked);

} // namespace attune::ui
