//! Holds this crate to what it was made from, without making it anew.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const REMEDY: &str = "run: scripts/generate";

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn recorded(name: &str) -> String {
    let provenance =
        fs::read_to_string(here().join("PROVENANCE")).unwrap_or_else(|_| panic!("no PROVENANCE; {REMEDY}"));
    let line = provenance.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("PROVENANCE says nothing of {name}; {REMEDY}")).to_owned()
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a file has a say in what is generated, or is it: tests have not, and are free to change.
fn is_counted(name: &str) -> bool {
    !["PROVENANCE", "Cargo.lock", "test"].contains(&name)
        && !name.starts_with("fixture/")
        && !name.contains("__pycache__")
}

fn digest_of_tree(root: &Path) -> String {
    fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) {
        for entry in fs::read_dir(folder).expect("a folder of the repository") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name =
                    path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                files.push((name, path));
            }
        }
    }
    let mut files = Vec::new();
    walk(root, root, &mut files);
    files.sort();
    let mut whole = Sha256::new();
    for (name, path) in files {
        if !is_counted(&name) {
            continue;
        }
        let content = fs::read(&path).expect("a file of the repository");
        whole.update(format!("{}:{name}:{}:", name.len(), content.len()));
        whole.update(content);
    }
    hex(whole.finalize())
}

#[test]
fn the_output_is_as_it_was_made() {
    assert_eq!(digest_of_tree(&here()), recorded("output"), "generated/ was edited by hand; {REMEDY}");
}

#[test]
fn the_specification_is_the_one_that_it_was_made_from() {
    let spec = fs::read(here().join("../openapi.yaml")).expect("openapi.yaml beside generated/");
    assert_eq!(hex(Sha256::digest(&spec)), recorded("specification"), "openapi.yaml has changed; {REMEDY}");
}

#[test]
fn the_templates_are_those_that_it_was_made_with() {
    let codegen = digest_of_tree(&here().join("../scripts/codegen"));
    assert_eq!(codegen, recorded("codegen"), "scripts/codegen/ has changed; {REMEDY}");
}
