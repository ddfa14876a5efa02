// A tool that greets: it reads its arguments, and what it prints is its answer.
#include <stdio.h>
#include <string.h>

#include "steward.h"

int main(void) {
    const struct steward_value *arguments = steward_arguments();
    for (const struct steward_value *one = arguments->first; one != NULL; one = one->next) {
        if (strcmp(one->name, "name") != 0) {
            steward_fail("there is no argument `%s`; there is: name", one->name);
        }
    }
    const char *name = steward_text(arguments, "name", NULL);
    if (name[strspn(name, " \t\r\n")] == '\0') {
        steward_fail("`name` is empty: say whom to greet");
    }
    printf("Hello, %s!\n", name);
    return 0;
}
