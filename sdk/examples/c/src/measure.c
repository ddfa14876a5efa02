#include "measure.h"

#include <stdbool.h>
#include <string.h>

// CRC-32 as in ISO 3309, without a table.
static uint32_t checksum(const char *text, size_t length) {
    uint32_t crc = 0xffffffff;
    for (size_t at = 0; at < length; at++) {
        crc ^= (unsigned char)text[at];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

static bool is_one_of(char one, const char *some) {
    return one != '\0' && strchr(some, one) != NULL;
}

struct measure measure(const char *text, size_t length) {
    struct measure told = {.bytes = length, .checksum = checksum(text, length)};
    bool in_word = false, in_sentence = false;
    for (size_t at = 0; at < length; at++) {
        char one = text[at];
        // Every byte but those that go on a character begins one.
        told.characters += ((unsigned char)one & 0xc0) != 0x80;
        bool space = is_one_of(one, " \t\r\n\v\f");
        told.words += !space && !in_word;
        in_word = !space;
        bool end = is_one_of(one, ".!?");
        told.sentences += end && in_sentence;
        in_sentence = end ? false : in_sentence || !space;
        told.lines += one == '\n';
    }
    // The last line and the last sentence need no mark at their end.
    told.lines += length > 0 && text[length - 1] != '\n';
    told.sentences += in_sentence;
    return told;
}
