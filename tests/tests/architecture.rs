//! The tables in `engine/ARCHITECTURE.md` hold: who uses whom, and which words stand where.
//!
//! Files are read as tokens, so that neither comments nor texts count and no way of writing a path escapes.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use tidelog_tests::repository::{rust_files, table, text};

const ARCHITECTURE: &str = "engine/ARCHITECTURE.md";
const SOURCES: &str = "engine/src/";

/// The module of the crate root that a file of the library belongs to; none for the facade and the binary.
fn module_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(SOURCES)?;
    let first = rest.split('/').next()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (module != "lib" && module != "bin").then_some(module)
}

/// How many modules lie between the crate root and the inside of a file: `log/mod.rs` 1, `log/index.rs` 2.
fn depth_of(path: &str) -> usize {
    let rest = path.strip_prefix(SOURCES).unwrap_or(path);
    let folders = rest.split('/').count() - 1;
    if rest.ends_with("/mod.rs") { folders } else { folders + 1 }
}

fn tokens(source: &str) -> Vec<TokenTree> {
    source.parse::<TokenStream>().expect("a file that compiles is made of tokens").into_iter().collect()
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

/// Whether `::` stands at `place`.
fn is_path_separator(tokens: &[TokenTree], place: usize) -> bool {
    let is_colon =
        |place| matches!(tokens.get(place), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(place) && is_colon(place + 1)
}

/// Collects the names that stand right behind the crate root in any path, `depth` modules below it.
fn collect_uses(tokens: &[TokenTree], depth: usize, uses: &mut BTreeSet<String>) {
    for (place, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let opens_module = group.delimiter() == Delimiter::Brace
                    && place >= 2
                    && is_word(tokens.get(place - 2), "mod")
                    && matches!(&tokens[place - 1], TokenTree::Ident(_));
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                collect_uses(&inside, depth + usize::from(opens_module), uses);
            }
            TokenTree::Ident(ident) if ident == "crate" && is_path_separator(tokens, place + 1) => {
                collect_names(tokens.get(place + 3), uses);
            }
            TokenTree::Ident(ident) if ident == "super" && !follows_super(tokens, place) => {
                let mut end = place;
                let mut climbed = 1;
                while is_path_separator(tokens, end + 1) && is_word(tokens.get(end + 3), "super") {
                    end += 3;
                    climbed += 1;
                }
                if climbed == depth && is_path_separator(tokens, end + 1) {
                    collect_names(tokens.get(end + 3), uses);
                }
            }
            _ => {}
        }
    }
}

fn follows_super(tokens: &[TokenTree], place: usize) -> bool {
    place >= 3 && is_path_separator(tokens, place - 2) && is_word(tokens.get(place - 3), "super")
}

/// What stands at this place of a path: a name, `*`, or the first of each path in braces.
fn collect_names(token: Option<&TokenTree>, uses: &mut BTreeSet<String>) {
    match token {
        Some(TokenTree::Group(group)) => {
            let mut starts = true;
            for token in group.stream() {
                if starts {
                    collect_names(Some(&token), uses);
                }
                starts = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
            }
        }
        Some(token) => {
            uses.insert(token.to_string());
        }
        None => {}
    }
}

/// Whether these tokens are an attribute such as `unsafe(no_mangle)`: a declaration, not code.
fn is_unsafe_attribute(tokens: &[TokenTree], place: usize) -> bool {
    let Some(TokenTree::Group(group)) = tokens.get(place) else { return false };
    let follows_hash =
        place > 0 && matches!(&tokens[place - 1], TokenTree::Punct(punct) if punct.as_char() == '#');
    follows_hash
        && group.delimiter() == Delimiter::Bracket
        && is_word(group.stream().into_iter().next().as_ref(), "unsafe")
}

fn collect_words(tokens: &[TokenTree], words: &mut BTreeSet<String>) {
    for (place, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(_) if is_unsafe_attribute(tokens, place) => {}
            TokenTree::Group(group) => {
                collect_words(&group.stream().into_iter().collect::<Vec<_>>(), words);
            }
            TokenTree::Ident(ident) => {
                words.insert(ident.to_string());
            }
            _ => {}
        }
    }
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let table = table(ARCHITECTURE, "uses");
    let modules: BTreeSet<&str> = table.iter().map(|(module, _)| module.as_str()).collect();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    let files = rust_files();
    for path in &files {
        let Some(module) = module_of(path) else { continue };
        seen.insert(module);
        let allowed = table.iter().find(|(name, _)| name == module).map_or(&[][..], |(_, allowed)| allowed);
        let mut uses = BTreeSet::new();
        collect_uses(&tokens(&text(path)), depth_of(path), &mut uses);
        for used in uses {
            // A name that is no module is something the facade hands out, and as forbidden as an upper module.
            if used != module && !allowed.contains(&used) {
                wrong.push(format!("{path}: {module} may not use {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, modules, "the modules of {SOURCES} and the lines of the table");
}

#[test]
fn the_table_has_no_circles() {
    let table = table(ARCHITECTURE, "uses");
    for (line, (module, allowed)) in table.iter().enumerate() {
        for used in allowed {
            let above = table[..line].iter().any(|(name, _)| name == used);
            assert!(above, "{module} may use {used}, which does not stand above it");
        }
    }
}

#[test]
fn guarded_words_stand_only_where_they_may() {
    let table = table(ARCHITECTURE, "only");
    let mut wrong = Vec::new();
    for path in rust_files() {
        let mut words = BTreeSet::new();
        collect_words(&tokens(&text(&path)), &mut words);
        for (word, folders) in &table {
            let allowed = folders.iter().any(|folder| path.starts_with(&format!("{folder}/")));
            if words.contains(word) && !allowed {
                wrong.push(format!("{path}: {word} is not allowed here"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_way_of_writing_a_path_is_seen() {
    let source = "
        use crate::alpha::One; use crate::{beta::{Two, gamma}, delta};
        fn f() -> crate::epsilon::Three { super::super::zeta::four(); super::sibling::five() }
        mod tests { use super::super::super::eta::Six; use super::own; use super::*; use crate::*; }
        // crate::comment::x
        const TEXT: &str = \"crate::text::x\";
    ";
    let mut uses = BTreeSet::new();
    collect_uses(&tokens(source), depth_of("engine/src/log/index.rs"), &mut uses);
    let found: Vec<&str> = uses.iter().map(String::as_str).collect();
    assert_eq!(found, ["*", "alpha", "beta", "delta", "epsilon", "eta", "zeta"]);
}
