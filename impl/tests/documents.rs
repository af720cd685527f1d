//! The documents that list what the specification has: nothing is missing, and nothing is listed that there is not. And the
//! examples in the specification: they are what the server can answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use generated::OPERATIONS;
use generated::models::{ErrorCode, OAuthErrorCode};
use generated::operations::{Authentication, Operation};
use serde_json::Value;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document(name: &str) -> String {
    read(&repository("docs").join(name))
}

/// The files with this ending below a folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let of = |path: PathBuf| match path.is_dir() {
        true => files(&path, ending),
        false => Vec::from_iter(path.to_string_lossy().ends_with(ending).then_some(path)),
    };
    entries.flat_map(|entry| of(entry.expect("an entry").path())).collect()
}

/// What stands in code in the first column of the tables below a heading, up to the next one of its level.
fn first_column<'a>(text: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .collect()
}

#[test]
fn every_error_code_is_documented_and_no_other() {
    let text = document("errors.md");
    let codes: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(first_column(&text, "Error codes"), codes);
    let errors: BTreeSet<&str> = OAuthErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(first_column(&text, "OAuth errors"), errors);
}

#[test]
fn the_guide_has_every_operation_with_a_command() {
    let text = document("api-guide.md");
    let commands: Vec<&str> =
        text.split("\n```sh\n").skip(1).filter_map(|rest| Some(rest.split_once("\n```")?.0)).collect();
    for operation in OPERATIONS {
        assert!(
            text.contains(&format!("{}: `{} ", operation.id, operation.method))
                || text.contains(&format!("{} (`", operation.id)),
            "docs/api-guide.md lacks {}",
            operation.id
        );
        // The fixed part of the path, after which comes a variable of the shell or a query.
        let fixed = operation.path.split('{').next().unwrap_or_default();
        let asked = commands.iter().any(|block| block.contains(&format!("$IDP{fixed}")));
        assert!(asked, "docs/api-guide.md has no command for {}", operation.id);
    }
}

/// The operation's rows in the table of events: each answer that it gives, by its status and its code.
fn answers(operation: &str) -> BTreeSet<(u16, String)> {
    let text = document("audit-events.md");
    let (_, section) = text.split_once(&format!("\n### {operation}\n")).expect("each operation has its rows");
    let section = section.split_once("\n#").map_or(section, |(section, _)| section);
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    cells
        .filter_map(|(answer, _)| {
            let (status, code) = answer.split_once(' ').unwrap_or((answer, ""));
            Some((status.parse().ok()?, code.trim_matches('`').to_owned()))
        })
        .collect()
}

/// The errors that a part of the guide speaks of, by their statuses and codes: rows of a table, and `404 `CODE`: ...`.
fn errors_in(text: &str) -> BTreeSet<(u16, String)> {
    let mut errors = BTreeSet::new();
    let mut add = |statuses: &str, codes: &str| {
        let codes: Vec<&str> = codes.split('`').skip(1).step_by(2).collect();
        for status in statuses.split(',').filter_map(|status| status.trim().parse().ok()) {
            errors.extend(codes.iter().map(|code| (status, (*code).to_owned())));
        }
    };
    for line in text.lines() {
        if let Some((statuses, rest)) = line.strip_prefix("| ").and_then(|row| row.split_once(" | ")) {
            add(statuses, rest.split_once(" | ").map_or(rest, |(codes, _)| codes));
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.windows(2) {
        if pair[1].starts_with('`') {
            add(pair[0], pair[1]);
        }
    }
    errors
}

#[test]
fn the_guide_says_what_to_do_about_every_error_of_an_operation() {
    let text = document("api-guide.md");
    let between = |from: &str, to: &str| {
        let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("there is no {from}"));
        errors_in(rest.split_once(to).map_or(rest, |(part, _)| part))
    };
    let (everywhere, of_clients) =
        (between("\n## What holds everywhere\n", "\n## "), between("\n## Tokens\n", "\n### "));
    for operation in OPERATIONS {
        let is_of_client = operation.authentication == Authentication::Client;
        let common = if is_of_client { &of_clients } else { &everywhere };
        // Several that are alike share a heading.
        let own = match text.contains(&format!("\n### {}: ", operation.id)) {
            true => between(&format!("\n### {}: ", operation.id), "\n### "),
            false => BTreeSet::new(),
        };
        let explained: BTreeSet<u16> = common.iter().chain(&own).map(|(status, _)| *status).collect();
        for status in operation.statuses.iter().filter(|status| **status >= 400) {
            assert!(
                explained.contains(status),
                "docs/api-guide.md says nothing of {} {status}",
                operation.id
            );
        }
        for (status, code) in
            answers(operation.id).into_iter().filter(|(status, _)| [404, 409, 412].contains(status))
        {
            assert!(
                own.contains(&(status, code.clone())),
                "docs/api-guide.md does not say under {} what to do about {status} {code}",
                operation.id
            );
        }
    }
}

/// What stands before a rule where a source makes violations, and whether a place does as well: then the rule is the text
/// after that.
type Before = [(&'static str, bool)];

const IN_GENERATED: &Before = &[
    (".add(", false),
    ("whole_body(", false),
    ("const RULE: &'static str =", false),
    ("\n        (", false),
];
const IN_DOMAIN: &Before = &[("rule: \"", false), (" add(\"/", true), ("(invalid(", true)];

/// The rules that a source names.
fn rules_in(source: &str, before: &Before) -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    for (before, has_place) in before {
        for rest in source.split(before).skip(1) {
            let statement = rest.split(';').next().unwrap_or_default();
            let outside = usize::from(!before.contains('"'));
            let mut texts = statement.split('"').skip(outside).step_by(2).skip(usize::from(*has_place));
            let rule = texts.next().unwrap_or_default();
            let is_name = !rule.is_empty() && rule.chars().all(|one| one.is_ascii_alphabetic() || one == '-');
            // `T::RULE` is found where it is written down.
            let is_variable = statement.split('"').next().is_some_and(|start| start.contains("RULE"));
            if is_name && !is_variable {
                rules.insert(rule.to_owned());
            }
        }
    }
    rules
}

#[test]
fn every_rule_that_a_violation_can_name_is_documented_and_no_other() {
    let text = document("errors.md");
    let (_, section) = text.split_once("\n## Violations\n").expect("the heading is there");
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    let documented: BTreeSet<String> = cells
        .flat_map(|(rules, _)| rules.split('`').step_by(2))
        .map(str::to_owned)
        .filter(|rule| rule != ", ")
        .collect();

    let generated = ["check", "body", "params"].map(|name| repository(&format!("generated/src/{name}.rs")));
    let generated = generated.into_iter().chain(files(&repository("generated/src/apis"), ".rs"));
    let domain = files(&repository("impl/src/domain"), ".rs");
    let made: BTreeSet<String> = generated
        .map(|file| (file, IN_GENERATED))
        .chain(domain.into_iter().map(|file| (file, IN_DOMAIN)))
        .flat_map(|(file, before)| rules_in(&read(&file), before))
        .collect();
    assert_eq!(documented, made, "on the left what docs/errors.md has, on the right what the server names");

    let recorded = files(&repository("contract-tests/snapshots"), ".snap");
    let seen: BTreeSet<String> = recorded
        .iter()
        .flat_map(|file| {
            let text = read(file);
            let rules = text
                .split("\"rule\": \"")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            rules.collect::<Vec<_>>()
        })
        .collect();
    assert!(
        seen.len() > 10 && seen.is_subset(&documented),
        "{seen:?} were answered, {documented:?} are documented"
    );
}

/// What a reference within the specification leads to.
fn resolved<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => spec.pointer(reference.trim_start_matches('#')).expect("it leads somewhere"),
        None => value,
    }
}

/// The examples of an operation's answers, by their statuses.
fn examples<'a>(spec: &'a Value, operation: &Operation) -> BTreeMap<u16, &'a Value> {
    let path = operation.path.replace('~', "~0").replace('/', "~1");
    let pointer = format!("/paths/{path}/{}/responses", operation.method.as_str().to_lowercase());
    let responses = spec.pointer(&pointer).and_then(Value::as_object).expect("an operation has answers");
    responses
        .iter()
        .filter_map(|(status, response)| {
            let content = resolved(spec, response)["content"].as_object()?.values().next()?;
            Some((status.parse().expect("a status"), &content["example"]))
        })
        .collect()
}

#[test]
fn every_example_of_an_error_is_one_that_its_operation_can_answer() {
    let spec: Value = serde_json::from_str(generated::SPEC_JSON).expect("the specification is JSON");
    for operation in OPERATIONS {
        let answers = answers(operation.id);
        for (status, example) in examples(&spec, operation) {
            if status < 400 || example.is_null() || example.get("checks").is_some() {
                continue;
            }
            let said = || format!("{} {status}: {example}", operation.id);
            let code = example["code"].as_str().or(example["error"].as_str()).unwrap_or_default();
            let message =
                example["message"].as_str().or(example["error_description"].as_str()).unwrap_or_default();
            // What fails leaves no event, and so has no row.
            let known = status >= 500 || answers.contains(&(status, code.to_owned()));
            assert!(known, "{}: docs/audit-events.md has no such answer", said());
            for violation in example["details"]["violations"].as_array().into_iter().flatten() {
                let reads_a_body = operation.statuses.contains(&413);
                let place = violation["in"].as_str().unwrap_or_default();
                assert!(place == "query" || (place == "body" && reads_a_body), "{}", said());
            }
            if status == 403 {
                assert!(operation.scopes.iter().all(|scope| message.contains(scope)), "{}", said());
            }
            if status == 415 && operation.authentication != Authentication::Client {
                let is_patch = operation.method.as_str() == "PATCH";
                assert_eq!(message.contains("application/merge-patch+json"), is_patch, "{}", said());
            }
        }
    }
}

#[test]
fn the_cursors_in_the_examples_are_positions_with_a_mark() {
    fn cursors<'a>(value: &'a Value, found: &mut Vec<(&'a str, Option<&'a str>)>) {
        let last =
            value["items"].as_array().and_then(|items| items.last()).and_then(|item| item["id"].as_str());
        if let Some(cursor) = value["nextCursor"].as_str() {
            found.push((cursor, last));
        }
        match value {
            Value::Object(members) => members.values().for_each(|member| cursors(member, found)),
            Value::Array(items) => items.iter().for_each(|item| cursors(item, found)),
            _ => {}
        }
    }
    let spec: Value = serde_json::from_str(generated::SPEC_JSON).expect("the specification is JSON");
    let mut found = Vec::new();
    cursors(&spec, &mut found);
    let named = ["/components/schemas/Cursor/example", "/components/parameters/Cursor/example"];
    found.extend(
        named.map(|pointer| (spec.pointer(pointer).and_then(Value::as_str).expect("an example"), None)),
    );
    assert!(found.len() >= 3);
    for (cursor, last) in found {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_else(|error| panic!("{cursor}: {error}"));
        assert_eq!(bytes.len(), 16 + 8, "{cursor}");
        let id = uuid::Uuid::from_slice(&bytes[..16]).expect("sixteen bytes").to_string();
        assert!(last.is_none_or(|last| last == id), "{cursor} is not the position of {last:?}");
    }
}
