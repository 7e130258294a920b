/*
 * librdkafka's rd_kafka_producev() with the prefix changed. The library itself has no functions with variable
 * arguments: these make a list of tagged values and call tl_produce_v().
 */

/** The end of a list before `count` messages: to start there. */
#define TL_OFFSET_TAIL(count) (TL_OFFSET_TAIL_BASE - (int64_t)(count))

/** librdkafka's name for tl_produce_v(). */
#define tl_produceva tl_produce_v

static inline tl_resp_err_t tl_produce_list(tl_t *rk, const tl_vu_t *vus, size_t cnt) {
    tl_error_t *error = tl_produce_v(rk, vus, cnt);
    tl_resp_err_t err = tl_error_code(error);
    tl_error_destroy(error);
    return err;
}

#ifdef __cplusplus

static inline tl_vu_t tl_vu_of(int vtype) {
    tl_vu_t vu;
    vu.vtype = vtype;
    vu.u.mem.ptr = NULL;
    vu.u.mem.size = 0;
    return vu;
}

static inline tl_vu_t tl_vu_end(void) { return tl_vu_of(TL_VTYPE_END); }
static inline tl_vu_t tl_vu_topic(const char *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_TOPIC); vu.u.cstr = v; return vu; }
static inline tl_vu_t tl_vu_rkt(tl_topic_t *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_RKT); vu.u.rkt = v; return vu; }
static inline tl_vu_t tl_vu_partition(int32_t v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_PARTITION); vu.u.i32 = v; return vu; }
static inline tl_vu_t tl_vu_mem(int vtype, const void *v, size_t size) {
    tl_vu_t vu = tl_vu_of(vtype);
    vu.u.mem.ptr = v;
    vu.u.mem.size = size;
    return vu;
}
static inline tl_vu_t tl_vu_opaque(void *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_OPAQUE); vu.u.ptr = v; return vu; }
static inline tl_vu_t tl_vu_msgflags(int v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_MSGFLAGS); vu.u.i = v; return vu; }
static inline tl_vu_t tl_vu_timestamp(int64_t v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_TIMESTAMP); vu.u.i64 = v; return vu; }
static inline tl_vu_t tl_vu_header(const char *name, const void *v, ssize_t size) {
    tl_vu_t vu = tl_vu_of(TL_VTYPE_HEADER);
    vu.u.header.name = name;
    vu.u.header.val = v;
    vu.u.header.size = size;
    return vu;
}
static inline tl_vu_t tl_vu_headers(tl_headers_t *v) { tl_vu_t vu = tl_vu_of(TL_VTYPE_HEADERS); vu.u.headers = v; return vu; }

#define TL_V_END tl_vu_end()
#define TL_V_TOPIC(topic) tl_vu_topic(topic)
#define TL_V_RKT(rkt) tl_vu_rkt(rkt)
#define TL_V_PARTITION(partition) tl_vu_partition(partition)
#define TL_V_VALUE(value, len) tl_vu_mem(TL_VTYPE_VALUE, value, len)
#define TL_V_KEY(key, len) tl_vu_mem(TL_VTYPE_KEY, key, len)
#define TL_V_OPAQUE(opaque) tl_vu_opaque(opaque)
#define TL_V_MSGFLAGS(flags) tl_vu_msgflags(flags)
#define TL_V_TIMESTAMP(timestamp) tl_vu_timestamp(timestamp)
#define TL_V_HEADER(name, value, len) tl_vu_header(name, value, len)
#define TL_V_HEADERS(headers) tl_vu_headers(headers)

/** Queues a message that TL_V_... describe; TL_V_END comes last. Returns 0 or the error. */
template <class... Vus>
static inline tl_resp_err_t tl_producev(tl_t *rk, Vus... described) {
    const tl_vu_t vus[] = {described...};
    return tl_produce_list(rk, vus, sizeof...(described));
}

#else

#define TL_V_END {TL_VTYPE_END, {.ptr = NULL}}
#define TL_V_TOPIC(topic) {TL_VTYPE_TOPIC, {.cstr = (topic)}}
#define TL_V_RKT(topic) {TL_VTYPE_RKT, {.rkt = (topic)}}
#define TL_V_PARTITION(partition) {TL_VTYPE_PARTITION, {.i32 = (partition)}}
#define TL_V_VALUE(value, len) {TL_VTYPE_VALUE, {.mem = {(value), (len)}}}
#define TL_V_KEY(key, len) {TL_VTYPE_KEY, {.mem = {(key), (len)}}}
#define TL_V_OPAQUE(opaque) {TL_VTYPE_OPAQUE, {.ptr = (opaque)}}
#define TL_V_MSGFLAGS(flags) {TL_VTYPE_MSGFLAGS, {.i = (flags)}}
#define TL_V_TIMESTAMP(timestamp) {TL_VTYPE_TIMESTAMP, {.i64 = (timestamp)}}
#define TL_V_HEADER(title, value, len) {TL_VTYPE_HEADER, {.header = {(title), (value), (len)}}}
#define TL_V_HEADERS(list) {TL_VTYPE_HEADERS, {.headers = (list)}}

/** Queues a message that TL_V_... describe; TL_V_END comes last. Returns 0 or the error. */
#define tl_producev(rk, ...) \
    tl_produce_list((rk), (const tl_vu_t[]){__VA_ARGS__}, sizeof((const tl_vu_t[]){__VA_ARGS__}) / sizeof(tl_vu_t))

#endif /* __cplusplus */
