// Write Steward tools in C: a program that gets its arguments as JSON and prints its answer. Printed text is the
// answer; printed JSON is the answer for programs too.
#ifndef STEWARD_H
#define STEWARD_H

#include <stdbool.h>
#include <stddef.h>

enum steward_kind { STEWARD_NULL, STEWARD_FLAG, STEWARD_NUMBER, STEWARD_TEXT, STEWARD_LIST, STEWARD_OBJECT };

// A value of JSON. Nothing of it is ever freed: a call is one run of the program.
struct steward_value {
    enum steward_kind kind;
    // What an object calls it; NULL elsewhere.
    const char *name;
    // UTF-8, ending with a zero byte that is not counted. It may hold others.
    const char *text;
    size_t length;
    double number;
    bool flag;
    // The first inside of a list or object, and the next beside this one; NULL at the end.
    struct steward_value *first;
    struct steward_value *next;
};

// Reads the arguments of the call, an object. If they are no JSON, the call fails.
const struct steward_value *steward_arguments(void);

// The value of that name, or NULL.
const struct steward_value *steward_get(const struct steward_value *object, const char *name);

// An argument of a type. One that is there and of another type fails the call with a word to the model. For one that is
// not there the others are given; without one to give (NULL, NAN) the call fails too.
const char *steward_text(const struct steward_value *object, const char *name, const char *other);
double steward_number(const struct steward_value *object, const char *name, double other);
bool steward_flag(const struct steward_value *object, const char *name, bool other);

// Prints text as a string of JSON, with its quotes.
void steward_print(const char *text, size_t length);

// Ends the call as failed. The text reaches the model: say what is wrong, and what would be right.
_Noreturn void steward_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
