// A tool that measures a text. It prints JSON, which is the answer for programs too.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "measure.h"
#include "steward.h"

int main(void) {
    const struct steward_value *arguments = steward_arguments();
    const char *text = steward_text(arguments, "text", NULL);
    double pace = steward_number(arguments, "words_per_minute", 220);
    if (pace < 1) {
        steward_fail("`words_per_minute` must be at least 1, not %g", pace);
    }
    // Not strlen: a text may hold zero bytes.
    struct measure told = measure(text, steward_get(arguments, "text")->length);
    printf("{\"characters\":%zu,\"bytes\":%zu,\"words\":%zu,\"sentences\":%zu,\"lines\":%zu,", told.characters,
           told.bytes, told.words, told.sentences, told.lines);
    printf("\"seconds_to_read\":%.0f,\"crc32\":\"%08x\"}\n", ceil((double)told.words * 60 / pace), told.checksum);
    return 0;
}
