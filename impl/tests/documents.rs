//! The documents that list what the specification has: nothing is missing, and nothing is listed that there is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use generated::OPERATIONS;
use generated::models::{ErrorCode, OAuthErrorCode};

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
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
