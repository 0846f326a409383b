#pragma once

#include "core/text/template.h"
#include "core/text/template_ast.h"

#include <ctime>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace attune::jinja {

/// The variables of one scope. Reads go outwards to the parents, writes stay.
struct Frame {
    std::vector<std::pair<NameId, Value>> variables;
    Frame *parent = nullptr;
    bool pinned = false; ///< a macro refers to it, so it outlives its block

    const Value *find(NameId name) const;
    void set(NameId name, Value value);
};

struct CallArguments {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
};

/// The arguments of a built-in function by the names that Python gives them. Fails for too many, unknown and missing.
class Parameters {
public:
    Parameters(std::string function, const CallArguments &arguments, std::initializer_list<std::string_view> names,
               std::size_t required = 0);
    const Value *get(std::size_t index) const { return m_values[index]; } ///< null: not given
    bool truth(std::size_t index, bool fallback = false) const;
    std::int64_t integer(std::size_t index, std::int64_t fallback) const;
    const MarkedText *text(std::size_t index) const; ///< fails for what is not a str; null where not given

private:
    std::string m_function;
    std::vector<std::string_view> m_names;
    std::vector<const Value *> m_values;
};

/// Renders one template once. Walks the tree, charges every step, throws TemplateFailure.
class Interpreter {
public:
    Interpreter(const Program &program, const TemplateLimits &limits, std::time_t now);
    ~Interpreter();
    Interpreter(const Interpreter &) = delete;
    Interpreter &operator=(const Interpreter &) = delete;

    MarkedText run(const TemplateVariables &variables);
    int line() const noexcept { return m_line; } ///< where it stood when it failed
    std::int64_t stepsTaken() const noexcept { return m_meter.most - m_meter.left; }

    // What filters, tests and functions need.
    void charge(std::int64_t steps);
    void chargeFor(const Value &value) { charge(value.extent().weight); }
    /// Before a text of so many bytes is made.
    void chargeBytes(std::size_t bytes);
    /// Adds to a text that stays within the limit.
    void grow(MarkedText &text, const MarkedText &part);
    Value makeText(MarkedText text);
    /// Adds a piece of a text to a list. A value is much larger than a character, so it costs more.
    void addPiece(std::vector<Value> &pieces, const MarkedText &text, std::size_t begin, std::size_t end);
    Value makeList(std::vector<Value> items, ListData::Kind kind = ListData::Kind::List);
    /// str(value), charged.
    MarkedText textOf(const Value &value);
    std::vector<Value> itemsOf(const Value &value);
    Value attributeOf(const Value &object, const std::string &name);
    Value itemOf(const Value &object, const Value &key);
    Value call(const Value &function, const CallArguments &arguments);
    Value applyFilter(const std::string &name, const Value &input, const CallArguments &arguments);
    bool applyTest(const std::string &name, const Value &input, const CallArguments &arguments);
    Value binary(Operator op, const Value &left, const Value &right);
    Value makeNamespace(NamespaceData data);
    std::size_t maxBytes() const { return static_cast<std::size_t>(m_limits.maxOutputBytes); }
    std::time_t now() const { return m_now; }

private:
    enum class Flow { Normal, Break, Continue };
    /// Guards the stack.
    class Level {
    public:
        explicit Level(Interpreter &interpreter);
        ~Level() { --m_interpreter.m_depth; }
        Level(const Level &) = delete;
        Level &operator=(const Level &) = delete;

    private:
        Interpreter &m_interpreter;
    };
    /// A new innermost scope, until the end of the block.
    class Scope {
    public:
        Scope(Interpreter &interpreter, Frame *parent);
        explicit Scope(Interpreter &interpreter) : Scope(interpreter, interpreter.m_frame) {}
        ~Scope() { leave(); }
        Scope(const Scope &) = delete;
        Scope &operator=(const Scope &) = delete;
        Frame &frame() { return *m_frame; }
        void renew(); ///< for the next round of a loop

    private:
        void enter();
        void leave();
        Interpreter &m_interpreter;
        Frame *m_outer;
        Frame *m_parent;
        Frame *m_frame = nullptr;
    };

    // Statements
    Flow execute(const Body &body);
    Flow executeOne(const Statement &statement);
    Flow executeIf(const Statement &statement);
    Flow executeFor(const Statement &statement);
    void executePrint(const Statement &statement);
    void executeCapture(const Statement &statement);
    Flow executeWith(const Statement &statement);
    Flow executeInScope(const Body &body);
    MarkedText capture(const Body &body);
    void assign(const Target &target, const Value &value, Frame &frame);
    void write(const MarkedText &text);
    Value makeMacro(const MacroNode &macro);

    // Expressions
    Value evaluate(const Expression &expression);
    Value evaluateName(const Expression &expression);
    Value evaluateSequence(const Expression &expression);
    Value evaluateDict(const Expression &expression);
    Value evaluateConcatenation(const Expression &expression);
    Value evaluateBinary(const Expression &expression);
    Value evaluateSign(const Expression &expression);
    Value evaluateLogic(const Expression &expression);
    Value evaluateCompare(const Expression &expression);
    Value evaluateChoice(const Expression &expression);
    Value evaluateAccess(const Expression &expression);
    Value evaluateSlice(const Expression &expression);
    Value evaluateCall(const Expression &expression, const Value *caller = nullptr);
    Value evaluateFilter(const Expression &expression, const Value *input);
    Value evaluateTest(const Expression &expression);
    CallArguments evaluateArguments(const Arguments &arguments);
    bool holds(Comparison comparison, const Value &left, const Value &right);
    Value callMacro(const FunctionData &function, const CallArguments &arguments);
    void bindRest(const MacroNode &macro, const CallArguments &arguments, std::vector<bool> &taken, Frame &frame);
    Value loopAttribute(const Value &object, const LoopData &loop, const std::string &name);
    Value numeric(Operator op, const Value &left, const Value &right);
    Value repeated(const Value &sequence, std::int64_t times);

    const Program &m_program;
    TemplateLimits m_limits;
    std::time_t m_now;
    Meter m_meter;
    int m_depth = 0;
    int m_line = 0;
    Frame *m_frame = nullptr;
    MarkedText *m_output = nullptr;
    std::vector<std::unique_ptr<Frame>> m_frames;
    std::vector<Frame *> m_freeFrames;
    std::vector<Value::Namespace> m_namespaces; // all of them: they can hold themselves
};

// One file each: template_filters.cpp, template_functions.cpp (tests too), template_methods.cpp.
using Filter = Value (*)(Interpreter &, const Value &, const CallArguments &);
using Test = bool (*)(Interpreter &, const Value &, const CallArguments &);
using Function = Value (*)(Interpreter &, const CallArguments &);
Filter findFilter(std::string_view name); ///< null where there is none
Filter findListFilter(std::string_view name);
Test findTest(std::string_view name);
Function findFunction(std::string_view name);
/// Whether Jinja or transformers know a name that this interpreter does not: reading it must fail, not give nothing.
bool isMissingFunction(std::string_view name);

/// A method of a str, dict or list as a value; nothing where the type has no such method.
std::optional<Value> findMethod(const Value &object, std::string_view name);
Value callMethod(Interpreter &interpreter, const Value &object, const std::string &name,
                 const CallArguments &arguments);

// Shared by methods and filters.
MarkedText stripped(const MarkedText &text, const MarkedText *characters, bool left, bool right);
MarkedText replaced(Interpreter &interpreter, const MarkedText &text, const MarkedText &from, const MarkedText &to,
                    std::int64_t count);
MarkedText joined(Interpreter &interpreter, const MarkedText &separator, const std::vector<Value> &items,
                  bool convert);
/// "+" of two texts.
void concatenate(Interpreter &interpreter, MarkedText &text, const MarkedText &addition);
MarkedText escaped(const MarkedText &text); ///< for HTML
std::vector<Value> lines(Interpreter &interpreter, const MarkedText &text, bool keepEnds);
MarkedText padded(Interpreter &interpreter, const MarkedText &text, std::int64_t width, const MarkedText &fill,
                  int side);
MarkedText formatted(Interpreter &interpreter, const MarkedText &format, const CallArguments &arguments);       // {}
MarkedText printfFormatted(Interpreter &interpreter, const MarkedText &format, const CallArguments &arguments); // %s
/// Python's int() and float() of a text; nothing where they refuse it.
std::optional<std::int64_t> readInteger(std::string_view text, int base = 10);
std::optional<double> readNumber(std::string_view text);

} // namespace attune::jinja
