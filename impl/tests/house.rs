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
    "redis",
    "sqlx",
    "tower",
    "tower_http",
];

const ROOMS: &[Room] = &[
    Room { place: "main.rs", rooms: &["cli", "app", "config"], crates: &[] },
    Room { place: "lib.rs", rooms: &[], crates: &[] },
    Room { place: "cli/", rooms: &["app", "config", "crypto", "domain", "store"], crates: &["clap"] },
    Room { place: "config.rs", rooms: &["crypto"], crates: &[] },
    Room { place: "clock.rs", rooms: &[], crates: &[] },
    Room { place: "fault_points.rs", rooms: &["store"], crates: &[] },
    Room {
        place: "app.rs",
        rooms: &["api", "cache", "clock", "config", "crypto", "domain", "jobs", "store", "store/sql"],
        crates: &["generated"],
    },
    Room {
        place: "api/",
        rooms: &["clock", "crypto", "domain", "store"],
        crates: &["axum", "generated", "http", "hyper_util", "tower", "tower_http"],
    },
    Room { place: "domain/", rooms: &["clock", "crypto", "store"], crates: &[] },
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

/// The rooms that a file uses: each `crate::name`, with `store::sql` as a room of its own.
fn rooms_used(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for after in code.split("crate::").skip(1) {
        let room: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if room == "store" && after.starts_with("store::sql") {
            used.push("store/sql".to_owned());
        } else if !room.is_empty() {
            used.push(room);
        }
    }
    used
}

fn crates_used(code: &str) -> Vec<&'static str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let uses = |name: &str| {
        code.match_indices(name).any(|(start, _)| {
            let before = code[..start].chars().next_back();
            let after = &code[start + name.len()..];
            !before.is_some_and(|c| is_name(c) || c == ':' || c == '.') && after.starts_with("::")
        })
    };
    GUARDED.iter().copied().filter(|name| uses(name)).collect()
}

#[test]
fn every_file_keeps_to_what_its_room_may_use() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let (room, code) = (room_of(&file), code(&text));
        let own = room.place.trim_end_matches('/').trim_end_matches(".rs");
        for used in rooms_used(&code) {
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
        assert!(may || !code(&text).contains("crate::app"), "src/{file} imports the app");
    }
}

#[test]
fn a_shortcut_through_a_wall_is_seen() {
    assert_eq!(rooms_used("use crate::store::sql::connect; use crate::api::Api;"), ["store/sql", "api"]);
    assert_eq!(
        crates_used("let x = sqlx::query(q); my_axum::x; a::redis::y; use jsonwebtoken::Header;"),
        ["jsonwebtoken", "sqlx"]
    );
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
