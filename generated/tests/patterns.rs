//! Holds the patterns of this crate to those of the specification. They are compiled when they are first needed, and a
//! request is too late to learn that one is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use generated::SPEC_JSON;
use generated::check::compiled;
use serde_json::Value;

fn in_specification(value: &Value, patterns: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| in_specification(value, patterns)),
        Value::Object(map) => {
            if let (Some("string"), Some(Value::String(pattern))) =
                (map.get("type").and_then(Value::as_str), map.get("pattern"))
            {
                patterns.insert(pattern.clone());
            }
            map.values().for_each(|value| in_specification(value, patterns));
        }
        _ => {}
    }
}

fn in_sources(folder: &Path, patterns: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of this crate") {
        let path = entry.expect("an entry of it").path();
        if path.is_dir() {
            in_sources(&path, patterns);
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source of this crate");
        for after in source.split("check::compiled(").skip(1) {
            // A literal of Rust, as the templates write it, is one of JSON.
            let literal = serde_json::Deserializer::from_str(after).into_iter().next();
            patterns.insert(literal.expect("an argument").expect("a literal"));
        }
    }
}

#[test]
fn every_pattern_of_the_specification_compiles() {
    let mut patterns = BTreeSet::new();
    in_specification(&serde_json::from_str(SPEC_JSON).expect("the specification"), &mut patterns);
    for pattern in &patterns {
        compiled(pattern);
    }
}

#[test]
fn every_pattern_in_the_sources_is_one_of_the_specification_unchanged() {
    let (mut here, mut there) = (BTreeSet::new(), BTreeSet::new());
    in_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut here);
    in_specification(&serde_json::from_str(SPEC_JSON).expect("the specification"), &mut there);
    let foreign: Vec<_> = here.difference(&there).collect();
    assert!(foreign.is_empty(), "not patterns of the specification: {foreign:?}");
}
