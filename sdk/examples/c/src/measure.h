// What there is to tell of a text.
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>

struct measure {
    size_t bytes;
    size_t characters;
    size_t words;
    size_t sentences;
    size_t lines;
    uint32_t checksum;
};

// Measures UTF-8.
struct measure measure(const char *text, size_t length);

#endif
