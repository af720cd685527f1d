//! The house: which room may use what. The test reads the sources, so that a shortcut through a wall fails by name.

use std::fs;
use std::path::{Path, PathBuf};

struct Room {
    /// The files whose path below `src/` begins with this; the longest that fits counts.
    place: &'static str,
    /// The other rooms that it may use.
    rooms: &'static [&'static str],
    /// Of the guarded crates, those that it may use.
    crates: &'static [&'static str],
}

/// Crates that have one home each, or few.
const GUARDED: &[&str] = &[
    "aws_lc_rs",
    "axum",
    "bcrypt",
    "clap",
    "generated",
    "http",
    "hyper_util",
    "jsonwebtoken",
    "moka",
    "prometheus_client",
    "redis",
    "reqwest",
    "rustls",
    "sqlx",
    "tokio_rustls",
    "tower",
    "tower_http",
];

const ROOMS: &[Room] = &[
    Room { place: "main.rs", rooms: &["cli", "app", "config"], crates: &[] },
    Room { place: "lib.rs", rooms: &[], crates: &[] },
    Room {
        place: "cli/",
        rooms: &["app", "config", "crypto", "domain", "store"],
        crates: &["clap", "reqwest"],
    },
    Room { place: "config.rs", rooms: &["crypto"], crates: &[] },
    Room { place: "clock.rs", rooms: &[], crates: &[] },
    Room { place: "fault_points.rs", rooms: &["store"], crates: &[] },
    Room { place: "measures.rs", rooms: &[], crates: &["prometheus_client"] },
    Room {
        place: "app.rs",
        rooms: &[
            "api",
            "cache",
            "clock",
            "config",
            "crypto",
            "domain",
            "jobs",
            "measures",
            "store",
            "store/sql",
        ],
        crates: &["generated"],
    },
    Room {
        place: "api/",
        rooms: &["clock", "crypto", "domain", "measures", "store"],
        crates: &["axum", "generated", "http", "hyper_util", "tower", "tower_http"],
    },
    Room { place: "domain/", rooms: &["clock", "crypto", "measures", "store"], crates: &[] },
    Room { place: "store/", rooms: &["domain"], crates: &[] },
    Room { place: "store/sql/", rooms: &["domain", "store"], crates: &["sqlx"] },
    Room { place: "cache/", rooms: &["crypto", "domain"], crates: &["moka", "redis"] },
    Room { place: "crypto/", rooms: &["domain"], crates: &["aws_lc_rs", "bcrypt", "jsonwebtoken"] },
    Room { place: "jobs/", rooms: &["clock", "crypto", "domain", "store"], crates: &[] },
];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("an entry of it").path();
            match path.is_dir() {
                true => walk(&path, files),
                false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
                false => {}
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let named = files.into_iter().map(|path| {
        let name = path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).expect("a source file"))
    });
    named.collect()
}

fn room_of(file: &str) -> &'static Room {
    let fitting = ROOMS.iter().filter(|room| file.starts_with(room.place));
    fitting
        .max_by_key(|room| room.place.len())
        .unwrap_or_else(|| panic!("src/{file} is in no room of the house"))
}

/// The code of a file: without comments, and without its tests, which may reach further.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// A path of the code, such as `crate::store::audit`, as its names.
#[derive(Debug, PartialEq)]
struct Named<'c> {
    names: Vec<&'c str>,
    /// Whether it is brought in by another name, or with all that is in it, so that what is used of it is not seen.
    hidden: bool,
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Every path of the code, and each of a group (`use a::{b, c}`) by itself.
fn paths(code: &str) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    let mut rest = code;
    while !rest.is_empty() {
        let word = rest.split(|letter| !is_name(letter)).next().unwrap_or_default();
        let after = &rest[word.len()..];
        if (word == "use" && after.starts_with([' ', '\n', '{', ':'])) || word == "extern" {
            let (tree, after) = after.split_once(';').unwrap_or((after, ""));
            let tree = tree.trim();
            // `extern crate name;` names it without a path.
            let tree = if word == "extern" { tree.trim_start_matches("crate ") } else { tree };
            imported(&[], tree, &mut found);
            rest = after;
        } else if word.is_empty() {
            rest = rest.strip_prefix(|_| true).unwrap_or_default();
        } else {
            let path = rest.split(|letter| !is_name(letter) && letter != ':').next().unwrap_or_default();
            let names: Vec<_> = path.split("::").filter(|name| !name.is_empty()).collect();
            if path.contains("::") {
                found.push(Named { names, hidden: false });
            }
            rest = &rest[path.len()..];
        }
    }
    found
}

/// What a `use` brings in, below these names.
fn imported<'c>(below: &[&'c str], tree: &'c str, found: &mut Vec<Named<'c>>) {
    let (path, group) = match tree.split_once('{') {
        Some((path, group)) => (path, Some(group.trim_end().strip_suffix('}').unwrap_or(group))),
        None => (tree, None),
    };
    let (path, alias) = path.split_once(" as ").map_or((path, false), |(path, _)| (path, true));
    let all = path.trim().ends_with('*');
    let own = path.split("::").map(str::trim).filter(|name| !matches!(*name, "" | "*"));
    let mut names: Vec<_> = below.iter().copied().chain(own).collect();
    let Some(group) = group else {
        // `{self}` is what the group belongs to.
        if names.len() > 1 {
            names.pop_if(|name| *name == "self");
        }
        return found.push(Named { names, hidden: alias || all });
    };
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in group.char_indices().chain([(group.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let one = group[start..at].trim();
                if !one.is_empty() {
                    imported(&names, one, found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The rooms that a file uses, with `store::sql` as a room of its own, and `crate` for all at once.
fn rooms_used(file: &str, code: &str) -> Vec<String> {
    let place = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let own: Vec<&str> = place.split('/').filter(|name| !matches!(*name, "main" | "lib" | "mod")).collect();
    let mut used = Vec::new();
    for Named { names, hidden } in paths(code) {
        let (mut at, mut is_inside) = (Vec::new(), false);
        for (number, name) in names.iter().enumerate() {
            match *name {
                "crate" | "agentidp" if number == 0 => is_inside = true,
                "self" if number == 0 => (at, is_inside) = (own.clone(), true),
                "super" => {
                    if !is_inside {
                        (at, is_inside) = (own.clone(), true);
                    }
                    at.pop();
                }
                name => at.push(name),
            }
        }
        match at[..] {
            // Also by the name of a room that was brought in.
            ["store", "sql", ..] => used.push("store/sql".to_owned()),
            _ if !is_inside => {}
            [] => used.push("crate".to_owned()),
            ["store"] if hidden => used.push("store/sql".to_owned()),
            [room, ..] => used.push(room.to_owned()),
        }
    }
    used
}

fn crates_used(code: &str) -> Vec<&'static str> {
    let first: Vec<_> = paths(code).into_iter().filter_map(|path| path.names.first().copied()).collect();
    GUARDED.iter().copied().filter(|name| first.contains(name)).collect()
}

#[test]
fn every_file_keeps_to_what_its_room_may_use() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let (room, code) = (room_of(&file), code(&text));
        let own = room.place.trim_end_matches('/').trim_end_matches(".rs");
        for used in rooms_used(&file, &code) {
            if used != own && !room.rooms.contains(&used.as_str()) {
                broken.push(format!("src/{file} uses crate::{used}"));
            }
        }
        for used in crates_used(&code) {
            if !room.crates.contains(&used) {
                broken.push(format!("src/{file} uses {used}"));
            }
        }
    }
    assert!(broken.is_empty(), "through the wall:\n  {}", broken.join("\n  "));
}

#[test]
fn only_the_program_and_its_commands_know_the_app() {
    for (file, text) in sources() {
        let may = matches!(file.as_str(), "main.rs" | "lib.rs" | "app.rs") || file.starts_with("cli/");
        let knows = rooms_used(&file, &code(&text)).iter().any(|room| room == "app");
        assert!(may || !knows, "src/{file} imports the app");
    }
}

#[test]
fn a_shortcut_through_a_wall_is_seen() {
    let rooms = |code: &str| rooms_used("domain/audit/log.rs", code);
    assert_eq!(rooms("use crate::store::sql::connect; use crate::api::Api;"), ["store/sql", "api"]);
    assert_eq!(rooms("let x: Vec<crate::api::Api> = $crate::cache::new(a::b);"), ["api", "cache"]);
    assert_eq!(
        rooms("pub(crate) use crate::{\n    store::{self, sql, audit::{A, B}},\n    api::{Api as X},\n};"),
        ["store", "store/sql", "store", "store", "api"]
    );
    assert_eq!(rooms("use crate::store; store::sql::connect();"), ["store", "store/sql"]);
    assert_eq!(rooms("use crate::store as memory;"), ["store/sql"]);
    assert_eq!(rooms("use crate::store::{self as memory};"), ["store/sql"]);
    assert_eq!(rooms("use crate::store::*;"), ["store/sql"]);
    for all in
        ["use crate::*;", "use crate as all;", "use crate::{self as all};", "use super::super::super as all;"]
    {
        assert_eq!(rooms(all), ["crate"], "{all}");
    }
    assert_eq!(rooms("use super::Action; use self::inner::x; super::super::agents::get();"), ["domain"; 3]);
    assert_eq!(
        rooms("use super::super::super::api::Api; super::super::super::cache::new()"),
        ["api", "cache"]
    );
    assert_eq!(rooms_used("api/mod.rs", "use super::{cache, api::Api};"), ["cache", "api"]);
    assert_eq!(rooms_used("main.rs", "agentidp::cli::run()"), ["cli"]);
    assert_eq!(rooms("impl Future<Output = ()> + use<'a>; x.api::<T>(); my::crate_::api::x"), [""; 0]);

    assert_eq!(
        crates_used("let x = sqlx::query(q); my_axum::x; a::redis::y; use jsonwebtoken::Header;"),
        ["jsonwebtoken", "sqlx"]
    );
    for hidden in [
        "use sqlx;",
        "use sqlx as db;",
        "use {std::fmt, sqlx::{self, Row}};",
        "extern crate sqlx;",
        "extern crate sqlx as db;",
        "::sqlx::query(q)",
        "use ::sqlx::query;",
        "#[derive(sqlx::FromRow)]",
        "use sqlx::*;",
    ] {
        assert_eq!(crates_used(hidden), ["sqlx"], "{hidden}");
    }
    assert_eq!(code("a // sqlx::query\n#[cfg(test)]\nmod tests { use axum::Router; }").trim(), "a");
}

#[test]
fn no_build_has_fault_points_unless_it_is_told_to() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .expect("the server's manifest");
    let section = |name: &str| {
        let after = manifest.split(&format!("\n[{name}]\n")).nth(1).unwrap_or_default();
        after.split("\n[").next().unwrap_or_default().to_owned()
    };
    let features: Vec<_> = section("features")
        .lines()
        .filter_map(|line| {
            line.split_once('=').map(|(name, of)| (name.trim().to_owned(), of.trim().to_owned()))
        })
        .collect();
    assert_eq!(
        features,
        [("fault-points".to_owned(), "[]".to_owned())],
        "there is this feature and no other"
    );
    for (file, text) in sources() {
        let conditional = code(&text).contains("fault-points");
        assert!(!conditional || file == "fault_points.rs", "src/{file} depends on the feature fault-points");
    }
}
