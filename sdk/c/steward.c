// Reading arguments and writing answers; see steward.h.
#include "steward.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Lists and objects within one another.
enum { DEEPEST = 64 };

struct reader {
    const char *at;
    const char *end;
    int depth;
};

_Noreturn void steward_fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(1);
}

static void *taken(void *memory) {
    if (memory == NULL) {
        steward_fail("there is not enough memory for this: try with less");
    }
    return memory;
}

static _Noreturn void broken(void) {
    steward_fail("the arguments are no JSON");
}

static void skip_space(struct reader *reader) {
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0') {
        reader->at++;
    }
}

// Whether this is what comes next; then it is read.
static bool takes(struct reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

static void expect(struct reader *reader, const char *word) {
    skip_space(reader);
    if (!takes(reader, word)) {
        broken();
    }
}

static uint32_t read_hexadecimal(struct reader *reader) {
    uint32_t code = 0;
    if (reader->end - reader->at < 4) {
        broken();
    }
    for (int digit = 0; digit < 4; digit++) {
        char one = *reader->at++;
        const char *digits = "0123456789abcdef";
        const char *found = one == '\0' ? NULL : strchr(digits, one >= 'A' && one <= 'F' ? one - 'A' + 'a' : one);
        if (found == NULL) {
            broken();
        }
        code = code << 4 | (uint32_t)(found - digits);
    }
    return code;
}

static char *write_utf8(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    const unsigned char marks[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(marks[more] | code >> (6 * more));
    while (more-- > 0) {
        *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    }
    return to;
}

static char *read_escape(struct reader *reader, char *to) {
    if (reader->at >= reader->end) {
        broken();
    }
    char one = *reader->at++;
    const char *names = "\"\\/bfnrt";
    const char *found = one == '\0' ? NULL : strchr(names, one);
    if (found != NULL) {
        *to++ = "\"\\/\b\f\n\r\t"[found - names];
        return to;
    }
    if (one != 'u') {
        broken();
    }
    uint32_t code = read_hexadecimal(reader);
    bool first_half = code >= 0xd800 && code < 0xdc00;
    if (first_half && takes(reader, "\\u")) {
        uint32_t second = read_hexadecimal(reader);
        bool pair = second >= 0xdc00 && second < 0xe000;
        return write_utf8(to, pair ? 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00) : 0xfffd);
    }
    return write_utf8(to, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
}

static const char *read_text(struct reader *reader, size_t *length) {
    expect(reader, "\"");
    // No escape is shorter than what it stands for.
    char *text = taken(malloc((size_t)(reader->end - reader->at) + 1));
    char *to = text;
    while (reader->at < reader->end && *reader->at != '"') {
        if (takes(reader, "\\")) {
            to = read_escape(reader, to);
        } else {
            *to++ = *reader->at++;
        }
    }
    expect(reader, "\"");
    *to = '\0';
    *length = (size_t)(to - text);
    return realloc(text, *length + 1);
}

static struct steward_value *read_value(struct reader *reader);

static void read_members(struct reader *reader, struct steward_value *whole, const char *close) {
    struct steward_value **last = &whole->first;
    if (++reader->depth > DEEPEST) {
        steward_fail("the arguments are nested too deeply: at most %d lists and objects within one another", DEEPEST);
    }
    skip_space(reader);
    if (!takes(reader, close)) {
        do {
            const char *name = NULL;
            size_t length;
            if (whole->kind == STEWARD_OBJECT) {
                name = read_text(reader, &length);
                expect(reader, ":");
            }
            *last = read_value(reader);
            (*last)->name = name;
            last = &(*last)->next;
            skip_space(reader);
        } while (takes(reader, ","));
        expect(reader, close);
    }
    reader->depth--;
}

static void read_number(struct reader *reader, struct steward_value *value) {
    char *end;
    // What was read ends with a zero byte, so this stops in time.
    value->number = strtod(reader->at, &end);
    if (end == reader->at || strchr("-0123456789", *reader->at) == NULL || !isfinite(value->number)) {
        broken();
    }
    reader->at = end;
    value->kind = STEWARD_NUMBER;
}

static struct steward_value *read_value(struct reader *reader) {
    struct steward_value *value = taken(calloc(1, sizeof *value));
    skip_space(reader);
    if (takes(reader, "{")) {
        value->kind = STEWARD_OBJECT;
        read_members(reader, value, "}");
    } else if (takes(reader, "[")) {
        value->kind = STEWARD_LIST;
        read_members(reader, value, "]");
    } else if (reader->at < reader->end && *reader->at == '"') {
        value->kind = STEWARD_TEXT;
        value->text = read_text(reader, &value->length);
    } else if (takes(reader, "true") || takes(reader, "false")) {
        value->kind = STEWARD_FLAG;
        value->flag = reader->at[-2] == 'u';
    } else if (!takes(reader, "null")) {
        read_number(reader, value);
    }
    return value;
}

const struct steward_value *steward_arguments(void) {
    size_t length = 0, room = 1 << 16;
    char *text = taken(malloc(room));
    for (size_t got; (got = fread(text + length, 1, room - length - 1, stdin)) > 0;) {
        length += got;
        if (room - length < 2) {
            text = taken(realloc(text, room *= 2));
        }
    }
    text[length] = '\0';
    struct reader reader = {text, text + length, 0};
    struct steward_value *value = read_value(&reader);
    skip_space(&reader);
    if (reader.at != reader.end || value->kind != STEWARD_OBJECT) {
        broken();
    }
    return value;
}

const struct steward_value *steward_get(const struct steward_value *object, const char *name) {
    for (const struct steward_value *one = object->first; one != NULL; one = one->next) {
        if (one->name != NULL && strcmp(one->name, name) == 0) {
            return one;
        }
    }
    return NULL;
}

// The argument, or NULL where it may be left out and is.
static const struct steward_value *argument(const struct steward_value *object, const char *name,
                                            enum steward_kind kind, bool optional, const char *must) {
    const struct steward_value *value = steward_get(object, name);
    if (value == NULL || value->kind == STEWARD_NULL) {
        if (!optional) {
            steward_fail("`%s` is missing: it must be %s", name, must);
        }
        return NULL;
    }
    if (value->kind != kind) {
        steward_fail("`%s` must be %s", name, must);
    }
    return value;
}

const char *steward_text(const struct steward_value *object, const char *name, const char *other) {
    const struct steward_value *value = argument(object, name, STEWARD_TEXT, other != NULL, "text");
    return value == NULL ? other : value->text;
}

double steward_number(const struct steward_value *object, const char *name, double other) {
    const struct steward_value *value = argument(object, name, STEWARD_NUMBER, !isnan(other), "a number");
    return value == NULL ? other : value->number;
}

bool steward_flag(const struct steward_value *object, const char *name, bool other) {
    const struct steward_value *value = argument(object, name, STEWARD_FLAG, true, "true or false");
    return value == NULL ? other : value->flag;
}

void steward_print(const char *text, size_t length) {
    putchar('"');
    for (const char *end = text + length; text < end; text++) {
        unsigned char one = (unsigned char)*text;
        if (one == '"' || one == '\\') {
            printf("\\%c", one);
        } else if (one < 0x20) {
            printf("\\u%04x", one);
        } else {
            putchar(one);
        }
    }
    putchar('"');
}
