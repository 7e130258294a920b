//! `include/tidelog.h` is made from the library's sources. Without CI this test rewrites it; with CI it must be up to date.

use std::fmt::Write;

use tidelog::error_code::ErrorCode;
use tidelog_tests::repository::{root, text};

const HEADER: &str = "include/tidelog.h";

/// What stands at its beginning.
const INTRODUCTION: &str = "\
/*
 * tidelog: Kafka in a library. This is its C interface, with the verbs of librdkafka: where librdkafka has
 * rd_kafka_produce(), this has tl_produce(), so that porting is a rename. librdkafka's public structs are opaque here
 * and have accessors: message->len is tl_message_payload(message, &len).
 *
 * Objects. Clients, topics, queues, settings and engines are handles: one that is NULL, was destroyed or is made up
 * gives an error. Everything else is memory: it must not be used once it was destroyed. Every function takes NULL in
 * place of an object and says so by NULL, 0, -1 or TL_RESP_ERR__INVALID_ARG.
 *
 * Texts end with a NUL and are UTF-8; what is not gives TL_RESP_ERR__INVALID_ARG. They and all other memory of the
 * caller are only used during the call, unless said otherwise.
 *
 * Threads. Any thread may call anything with a handle, callbacks included. Other objects are for one thread at a time.
 * In a process that was forked off, clients of the parent give TL_RESP_ERR__STATE.
 *
 * This file is made from the library's sources; changes belong there.
 */
";

/// The enumeration of errors, by librdkafka's numbers.
fn errors() -> String {
    let mut text = String::from(
        "/** Errors: those of the library are negative, a broker's are positive. */\ntypedef enum {\n",
    );
    for code in ErrorCode::ALL {
        let name = if *code == ErrorCode::None { "NO_ERROR" } else { code.name() };
        writeln!(text, "    /** {} */\n    TL_RESP_ERR_{name} = {},", code.description(), code.code())
            .unwrap();
    }
    text.truncate(text.trim_end_matches([',', '\n']).len());
    text.push_str("\n} tl_resp_err_t;\n");
    text
}

fn generated() -> String {
    let mut config = cbindgen::Config::from_file(root().join("ffi/cbindgen.toml")).unwrap();
    config.header = Some(INTRODUCTION.trim_end().to_owned());
    config.after_includes = Some(errors());
    config.trailer = Some(text("ffi/variadic.h"));
    let builder = cbindgen::Builder::new().with_config(config).with_crate(root().join("ffi"));
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_header_says_what_the_library_has() {
    let generated = generated();
    if std::env::var_os("CI").is_none() {
        std::fs::create_dir_all(root().join("include")).unwrap();
        std::fs::write(root().join(HEADER), &generated).unwrap();
    }
    assert!(
        text(HEADER) == generated,
        "{HEADER} is out of date: run this test without CI and look at the changes"
    );
}

#[test]
fn every_function_is_documented() {
    let header = text(HEADER);
    let (declared, _) = header.split_once("rd_kafka_producev() with the prefix changed").unwrap();
    let lines: Vec<&str> = declared.lines().collect();
    let begins = |line: &str| line.contains(" tl_") || line.contains("*tl_");
    let is_function = |line: &str| {
        !line.starts_with([' ', '#', '/', '}'])
            && !line.starts_with("typedef")
            && begins(line)
            && line.contains('(')
    };
    let functions = lines.iter().filter(|line| is_function(line)).count();
    let silent: Vec<&&str> = lines
        .iter()
        .enumerate()
        .filter(|(place, line)| is_function(line) && lines[place - 1] != " */")
        .map(|(_, line)| line)
        .collect();
    assert!(functions > 200, "{functions}");
    assert!(silent.is_empty(), "{silent:#?}");
}
