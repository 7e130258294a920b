/* An engine on disk. (valgrind does not get along with its ring.) */
#define _GNU_SOURCE
#include "check.h"

static void a_directory_keeps_what_was_acknowledged(void) {
    char directory[] = "/tmp/tidelog-c-XXXXXX", bootstrap[64], command[64];
    CHECK(mkdtemp(directory) != NULL);
    snprintf(bootstrap, sizeof bootstrap, "tidelog:%s", directory);
    for (int round = 0; round < 3; round++) {
        tl_t *producer = client_of(TL_PRODUCER, conf_of(bootstrap));
        int64_t low, high = 0;
        if (round > 0)
            CHECK_OK(tl_query_watermark_offsets(producer, "t", 0, &low, &high, 1000));
        CHECK(high == round);
        produce_text(producer, "t", NULL, "v");
        tl_destroy(producer);
    }
    snprintf(command, sizeof command, "rm -r %s", directory);
    CHECK(system(command) == 0);
}

int main(void) {
    a_directory_keeps_what_was_acknowledged();
    return 0;
}
