#include "core/model/registry.h"
#include "ui/compare/answer_view.h"
#include "ui/compare/compare_workspace.h"
#include "ui/compare/prompt_box.h"
#include "ui/compare/prompt_panel.h"
#include "ui/widgets/format.h"

// Of CompareWorkspace: the states that the tour shows.

namespace attune::ui {

QList<TourState> CompareWorkspace::tourStates()
{
    const auto loaded = [this] { return m_choicesLoaded && m_settingsLoaded && m_prompts->model()->loaded(); };
    QList<TourState> states{{QString(), [] {}, loaded}};
    if (!resolveModel(toUtf8(m_session.baseModel())))
        return states;
    // Answers of the few steps of a short tour say little, and are kept short.
    const int tokens = property("tourSteps").toInt() > 20 ? 96 : 28;
    const auto asked = std::make_shared<bool>(false);
    const auto answered = [this] { return !m_compare.busy() && !m_compare.columns()[0].lastAnswer().empty(); };
    states << TourState{QStringLiteral("answered"),
                        [this, asked] {
                            *asked = false;
                            m_prompts->step(1);
                        },
                        [this, asked, loaded, answered, tokens] {
                            if (!loaded())
                                return false;
                            if (!*asked && m_question.id != 0 && !m_question.text.isEmpty()) {
                                *asked = true;
                                GenerationOptions options = m_box->options();
                                options.maxNewTokens = tokens;
                                m_box->setOptions(options);
                                setShow(ShowAnswers::Text);
                                ask();
                                return false;
                            }
                            return *asked && answered();
                        }}
           << TourState{QStringLiteral("difference"), [this] { setShow(ShowAnswers::Difference); }, answered}
           << TourState{QStringLiteral("fields"), [this] { setShow(ShowAnswers::Fields); }, answered};
    return states;
}

} // namespace attune::ui
