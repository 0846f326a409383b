#include "core/text/template_interpreter.h"

#include <utility>

// The statements of a template.
namespace attune::jinja {

using Kind = Statement::Kind;

namespace {
constexpr int maxCallDepth = 600; // nodes inside one another, macros that call themselves included
}

const Value *Frame::find(NameId name) const
{
    for (const Frame *frame = this; frame; frame = frame->parent) {
        chargeHere(static_cast<std::int64_t>(frame->variables.size() / 8));
        for (const auto &[id, value] : frame->variables) {
            if (id == name)
                return &value;
        }
    }
    return nullptr;
}

void Frame::set(NameId name, Value value)
{
    for (auto &[id, present] : variables) {
        if (id == name) {
            present = std::move(value);
            return;
        }
    }
    variables.emplace_back(name, std::move(value));
}

Interpreter::Level::Level(Interpreter &interpreter) : m_interpreter(interpreter)
{
    if (++m_interpreter.m_depth > maxCallDepth) {
        --m_interpreter.m_depth;
        failTemplate("its blocks and macros are called more than " + std::to_string(maxCallDepth) + " levels deep");
    }
}

Interpreter::Scope::Scope(Interpreter &interpreter, Frame *parent)
    : m_interpreter(interpreter), m_outer(interpreter.m_frame), m_parent(parent)
{
    enter();
}

void Interpreter::Scope::enter()
{
    auto &unused = m_interpreter.m_freeFrames;
    if (unused.empty()) {
        m_interpreter.m_frames.push_back(std::make_unique<Frame>());
        unused.push_back(m_interpreter.m_frames.back().get());
    }
    m_frame = unused.back();
    unused.pop_back();
    m_frame->parent = m_parent;
    m_interpreter.m_frame = m_frame;
}

void Interpreter::Scope::leave()
{
    m_interpreter.m_frame = m_outer;
    if (m_frame->pinned)
        return;
    m_frame->variables.clear();
    m_interpreter.m_freeFrames.push_back(m_frame);
}

void Interpreter::Scope::renew()
{
    leave();
    enter();
}

Interpreter::Interpreter(const Program &program, const TemplateLimits &limits, std::time_t now)
    : m_program(program), m_limits(limits), m_now(now), m_meter(limits.maxSteps)
{
}

Interpreter::~Interpreter()
{
    for (const auto &space : m_namespaces)
        space->attributes.clear();
}

MarkedText Interpreter::run(const TemplateVariables &variables)
{
    const Metered metered(m_meter);
    MarkedText output;
    m_output = &output;
    Scope outermost(*this, nullptr);
    for (const auto &[name, value] : variables) {
        // What the template never mentions needs no place.
        for (std::size_t id = 0; id < m_program.names.size(); ++id) {
            if (m_program.names[id] == name)
                outermost.frame().set(static_cast<NameId>(id), value);
        }
    }
    Scope templates(*this);
    execute(m_program.body);
    return output;
}

void Interpreter::charge(std::int64_t steps)
{
    m_meter.charge(steps);
}

void Interpreter::chargeBytes(std::size_t bytes)
{
    if (bytes > maxBytes())
        failTemplate("a text grows past " + std::to_string(m_limits.maxOutputBytes) + " bytes");
    charge(static_cast<std::int64_t>(bytes / 32));
}

void Interpreter::grow(MarkedText &text, const MarkedText &part)
{
    if (part.size() > maxBytes() - text.size())
        chargeBytes(maxBytes() + 1);
    chargeBytes(part.size());
    text.append(part);
}

Value Interpreter::makeText(MarkedText text)
{
    chargeBytes(text.size());
    return Value::text(std::move(text));
}

void Interpreter::addPiece(std::vector<Value> &pieces, const MarkedText &text, std::size_t begin, std::size_t end)
{
    charge(8 + static_cast<std::int64_t>((end - begin) / 32));
    pieces.push_back(Value::text(text.slice(begin, end)));
}

Value Interpreter::makeList(std::vector<Value> items, ListData::Kind kind)
{
    charge(static_cast<std::int64_t>(items.size()));
    return Value::list(std::move(items), kind);
}

Value Interpreter::makeNamespace(NamespaceData data)
{
    m_namespaces.push_back(std::make_shared<NamespaceData>(std::move(data)));
    return m_namespaces.back();
}

void Interpreter::write(const MarkedText &text)
{
    grow(*m_output, text);
}

MarkedText Interpreter::capture(const Body &body)
{
    MarkedText text;
    MarkedText *const outer = std::exchange(m_output, &text);
    execute(body); // where this throws, the whole rendering is lost, and the output with it
    m_output = outer;
    return text;
}

Interpreter::Flow Interpreter::execute(const Body &body)
{
    const Level level(*this);
    for (const auto &statement : body) {
        if (const Flow flow = executeOne(*statement); flow != Flow::Normal)
            return flow;
    }
    return Flow::Normal;
}

Interpreter::Flow Interpreter::executeOne(const Statement &statement)
{
    charge(1);
    m_line = statement.line;
    switch (statement.kind) {
    case Kind::Text:
        write(*statement.text.asText());
        break;
    case Kind::Print:
        executePrint(statement);
        break;
    case Kind::If:
        return executeIf(statement);
    case Kind::For:
        return executeFor(statement);
    case Kind::Set:
        assign(statement.target, evaluate(*statement.expression), *m_frame);
        break;
    case Kind::SetBlock:
    case Kind::Filter:
        executeCapture(statement);
        break;
    case Kind::Macro:
        m_frame->set(statement.target.name, makeMacro(statement.macro));
        break;
    case Kind::Call: {
        const Value caller = makeMacro(statement.macro);
        write(textOf(evaluateCall(*statement.expression, &caller)));
        break;
    }
    case Kind::With:
        return executeWith(statement);
    case Kind::Generation:
        return executeInScope(statement.body);
    case Kind::Break:
        return Flow::Break;
    case Kind::Continue:
        return Flow::Continue;
    }
    return Flow::Normal;
}

void Interpreter::executePrint(const Statement &statement)
{
    const Value value = evaluate(*statement.expression);
    m_line = statement.line;
    if (const auto *text = value.asText())
        write(*text);
    else
        write(textOf(value));
}

Interpreter::Flow Interpreter::executeIf(const Statement &statement)
{
    for (const auto &[condition, body] : statement.branches) {
        if (!condition || isTrue(evaluate(*condition)))
            return execute(body);
    }
    return Flow::Normal;
}

Interpreter::Flow Interpreter::executeInScope(const Body &body)
{
    const Scope scope(*this);
    return execute(body);
}

Interpreter::Flow Interpreter::executeFor(const Statement &statement)
{
    auto loop = std::make_shared<LoopData>();
    loop->items = itemsOf(evaluate(*statement.expression));
    charge(static_cast<std::int64_t>(loop->items.size()));
    Scope scope(*this);
    if (statement.condition) {
        std::vector<Value> kept;
        for (const Value &item : loop->items) {
            assign(statement.target, item, scope.frame());
            if (isTrue(evaluate(*statement.condition)))
                kept.push_back(item);
            scope.renew();
        }
        loop->items = std::move(kept);
    }
    // Jinja runs the else part unless a round came to its end; break and continue leave before it.
    bool completed = false;
    for (; loop->index < loop->items.size(); ++loop->index) {
        scope.frame().set(LoopName, Value(loop));
        assign(statement.target, loop->items[loop->index], scope.frame());
        const Flow flow = execute(statement.body);
        if (flow == Flow::Break)
            break;
        completed = completed || flow == Flow::Normal;
        scope.renew();
    }
    if (completed || statement.otherwise.empty())
        return Flow::Normal;
    scope.renew();
    return execute(statement.otherwise);
}

void Interpreter::executeCapture(const Statement &statement)
{
    MarkedText text;
    {
        const Scope scope(*this);
        text = capture(statement.body);
    }
    Value value = makeText(std::move(text));
    if (statement.expression)
        value = evaluateFilter(*statement.expression, &value);
    if (statement.kind == Kind::SetBlock)
        assign(statement.target, value, *m_frame);
    else
        write(textOf(value));
}

Interpreter::Flow Interpreter::executeWith(const Statement &statement)
{
    std::vector<Value> values; // all of them see the outer scope
    for (const auto &[target, expression] : statement.assignments)
        values.push_back(evaluate(*expression));
    Scope scope(*this);
    for (std::size_t i = 0; i < values.size(); ++i)
        assign(statement.assignments[i].first, values[i], scope.frame());
    return execute(statement.body);
}

void Interpreter::assign(const Target &target, const Value &value, Frame &frame)
{
    if (!target.several.empty()) {
        const std::vector<Value> items = itemsOf(value);
        if (items.size() != target.several.size())
            failTemplate("it unpacks " + std::to_string(items.size()) + " values into " +
                         std::to_string(target.several.size()) + " names");
        for (std::size_t i = 0; i < items.size(); ++i)
            assign(target.several[i], items[i], frame);
    } else if (target.attribute.empty()) {
        frame.set(target.name, value);
    } else {
        const Value *object = frame.find(target.name);
        const auto *space = object ? object->as<Value::Namespace>() : nullptr;
        if (!space)
            failTemplate("'" + m_program.names[static_cast<std::size_t>(target.name)] + "' is no namespace(), so '." +
                         target.attribute + "' of it can't be set");
        (*space)->set(target.attribute, value);
    }
}

Value Interpreter::makeMacro(const MacroNode &macro)
{
    for (Frame *frame = m_frame; frame && !frame->pinned; frame = frame->parent)
        frame->pinned = true;
    FunctionData function;
    function.kind = FunctionData::Kind::Macro;
    function.name = macro.name;
    function.macro = &macro;
    function.closure = m_frame;
    return std::make_shared<const FunctionData>(std::move(function));
}

Value Interpreter::callMacro(const FunctionData &function, const CallArguments &arguments)
{
    const Level level(*this);
    const MacroNode &macro = *function.macro;
    const auto &parameters = macro.parameters;
    std::vector<bool> taken(arguments.named.size(), false);
    Scope scope(*this, function.closure);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const auto &parameter = parameters[i];
        const Value *given = i < arguments.positional.size() ? &arguments.positional[i] : nullptr;
        for (std::size_t j = 0; j < arguments.named.size(); ++j) {
            if (arguments.named[j].first != parameter.name)
                continue;
            if (given)
                failTemplate("the macro '" + macro.name + "' is given '" + parameter.name + "' twice");
            given = &arguments.named[j].second;
            taken[j] = true;
        }
        if (given)
            scope.frame().set(parameter.id, *given);
        else if (parameter.fallback)
            scope.frame().set(parameter.id, evaluate(*parameter.fallback));
        else
            scope.frame().set(parameter.id, Value::undefined("the parameter '" + parameter.name + "' was not given"));
    }
    bindRest(macro, arguments, taken, scope.frame());
    return makeText(capture(macro.body));
}

void Interpreter::bindRest(const MacroNode &macro, const CallArguments &arguments, std::vector<bool> &taken,
                           Frame &frame)
{
    const std::size_t known = macro.parameters.size();
    if (arguments.positional.size() > known && !macro.usesVarargs)
        failTemplate("the macro '" + macro.name + "' takes no more than " + std::to_string(known) + " values");
    if (macro.usesVarargs) {
        std::vector<Value> rest;
        for (std::size_t i = known; i < arguments.positional.size(); ++i)
            rest.push_back(arguments.positional[i]);
        frame.set(VarargsName, makeList(std::move(rest), ListData::Kind::Tuple));
    }
    if (macro.usesCaller)
        frame.set(CallerName, Value::undefined("no caller was given"));
    DictData rest;
    for (std::size_t i = 0; i < taken.size(); ++i) {
        const auto &[name, value] = arguments.named[i];
        if (taken[i])
            continue;
        if (macro.usesCaller && name == "caller")
            frame.set(CallerName, value);
        else if (macro.usesKwargs)
            rest.set(Value::text(name), value);
        else
            failTemplate("the macro '" + macro.name + "' has no parameter '" + name + "'");
    }
    if (macro.usesKwargs)
        frame.set(KwargsName, Value::dict(std::move(rest)));
}

} // namespace attune::jinja
