#pragma once

#include "core/text/template_value.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A parsed template. Names of variables are numbered, so that a look-up compares integers.
namespace attune::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<const Expression>;
using NameId = int;

enum class Operator { Add, Subtract, Multiply, Divide, FloorDivide, Modulo, Power };
enum class Comparison { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, In, NotIn };

struct Arguments {
    std::vector<ExpressionPtr> positional;
    std::vector<std::pair<std::string, ExpressionPtr>> named;
    ExpressionPtr list; ///< *values
    ExpressionPtr dict; ///< **values
};

/// One node of an expression; which members count depends on the kind.
struct Expression {
    enum class Kind {
        Constant,    // constant
        Name,        // name, id
        List,        // operands
        Tuple,       // operands
        Dict,        // operands: key, value, key, value
        Concatenate, // operands, joined as text
        Binary,      // operator of two operands
        Negative,    // of operands[0]
        Positive,
        Not,
        And,       // operands
        Or,        // operands
        Compare,   // comparisons between operands
        Choose,    // operands: condition, then, else (may be null)
        Attribute, // operands[0].name
        Item,      // operands[0][operands[1]]
        Slice,     // operands[0][operands[1]:operands[2]:operands[3]], the last three may be null
        Call,      // operands[0](arguments)
        Filter,    // operands[0] | name(arguments); no operand in {% filter %} and {% set x | name %}
        Test,      // operands[0] is name(arguments)
    };
    Kind kind = Kind::Constant;
    int line = 0;
    int depth = 1; ///< of the tree below; the parser keeps it small
    int chain = 0; ///< operators in a row that lean to the left
    std::string name;
    NameId id = -1;
    Value constant;
    Operator op = Operator::Add;
    std::vector<Comparison> comparisons;
    std::vector<ExpressionPtr> operands;
    Arguments arguments;
};

/// What an assignment writes to: a name, an attribute of a namespace, or several of them.
struct Target {
    NameId name = -1;
    std::string attribute;       ///< not empty: name.attribute = ...
    std::vector<Target> several; ///< not empty: a, b = ...
};

struct Statement;
using Body = std::vector<std::unique_ptr<const Statement>>;

struct MacroNode {
    struct Parameter {
        NameId id = -1;
        std::string name;
        ExpressionPtr fallback;
    };
    std::string name;
    std::vector<Parameter> parameters;
    Body body;
    // Whether the body mentions these; only then does the macro take such arguments.
    bool usesCaller = false;
    bool usesVarargs = false;
    bool usesKwargs = false;
};

/// One node of a template's body; which members count depends on the kind.
struct Statement {
    enum class Kind {
        Text,       // text
        Print,      // expression
        If,         // branches: condition (null for else) and body
        For,        // target in expression if condition: body, otherwise
        Set,        // target = expression
        SetBlock,   // target = body, through expression (a Filter) if there
        Macro,      // macro
        Call,       // expression (a Call), with macro as its caller
        Filter,     // body, through expression (a Filter)
        With,       // assignments, body
        Generation, // body: what an assistant says, marked for transformers' mask; rendered as it is
        Break,
        Continue,
    };
    Kind kind = Kind::Text;
    int line = 0;
    Value text;
    ExpressionPtr expression;
    ExpressionPtr condition;
    std::vector<std::pair<ExpressionPtr, Body>> branches;
    std::vector<std::pair<Target, ExpressionPtr>> assignments;
    Target target;
    Body body;
    Body otherwise;
    MacroNode macro;
};

struct Program {
    std::vector<std::string> names; ///< by NameId
    Body body;
};

// Names that the interpreter itself binds; the parser numbers them first.
enum KnownName : NameId { LoopName, CallerName, VarargsName, KwargsName, KnownNameCount };

} // namespace attune::jinja
