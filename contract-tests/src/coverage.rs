//! Which of the declared answers were seen.
//!
//! Each checked answer appends a line to a file under `target/contract-coverage/<database>/`. At the end of the run
//! `contract-tests coverage` compares what the files hold with what the specification declares and with
//! `contract-tests/uncovered-responses.txt`, exactly and in both directions, for each database by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::spec::{Spec, repository};

/// An operation's id, or `door`, and a status.
pub type Reach = (String, u16);

/// Where the lines are kept.
pub fn folder() -> PathBuf {
    repository().join("target/contract-coverage")
}

/// The list of what is not covered, each with its reason.
pub fn list() -> PathBuf {
    repository().join("contract-tests/uncovered-responses.txt")
}

/// Notes that a declared answer was seen on a database.
///
/// # Panics
/// When the note cannot be written.
pub fn note(database: &str, (operation, status): &Reach) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = folder().join(database);
    fs::create_dir_all(&folder).expect("the folder of the coverage notes can be made");
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(format!("{}.txt", std::process::id())))
        .and_then(|mut file| writeln!(file, "{operation} {status}"))
        .expect("a coverage note can be written");
}

/// What the notes under a folder hold, by database.
///
/// # Errors
/// When they cannot be read.
pub fn noted(folder: &Path) -> std::io::Result<BTreeMap<String, BTreeSet<Reach>>> {
    let mut databases = BTreeMap::new();
    for database in fs::read_dir(folder)? {
        let database = database?;
        let mut reached = BTreeSet::new();
        for file in fs::read_dir(database.path())? {
            for line in fs::read_to_string(file?.path())?.lines() {
                if let Some((operation, status)) = line.split_once(' ')
                    && let Ok(status) = status.parse()
                {
                    reached.insert((operation.to_owned(), status));
                }
            }
        }
        databases.insert(database.file_name().to_string_lossy().into_owned(), reached);
    }
    Ok(databases)
}

/// Everything that the specification declares.
pub fn declared(spec: &Spec) -> BTreeSet<Reach> {
    let operations = spec
        .operations
        .iter()
        .flat_map(|operation| operation.responses.keys().map(|status| (operation.id.clone(), *status)));
    let door = spec.door.keys().map(|status| ("door".to_owned(), *status));
    operations.chain(door).collect()
}

/// Compares what is declared, what was seen and what is listed as not seen. What comes back is wrong, a sentence each.
pub fn compare(
    declared: &BTreeSet<Reach>,
    noted: &BTreeMap<String, BTreeSet<Reach>>,
    listed: &str,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut exceptions = BTreeSet::new();
    for line in listed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.splitn(3, ' ');
        let reach = words
            .next()
            .zip(words.next().and_then(|status| status.parse::<u16>().ok()))
            .map(|(operation, status)| (operation.to_owned(), status));
        let Some(reach) = reach else {
            faults.push(format!("«{line}» is not: operationId status reason"));
            continue;
        };
        let (operation, status) = &reach;
        if words.next().is_none_or(|reason| reason.trim().is_empty()) {
            faults.push(format!("{operation} {status} is listed without a reason"));
        }
        if !declared.contains(&reach) {
            faults.push(format!("{operation} {status} is listed but not declared: take it off the list"));
        }
        if !exceptions.insert(reach.clone()) {
            faults.push(format!("{operation} {status} is listed twice"));
        }
    }
    for database in ["postgres", "sqlite"] {
        let Some(reached) = noted.get(database) else {
            faults.push(format!("nothing was tested on {database}"));
            continue;
        };
        for reach @ (operation, status) in declared {
            match (reached.contains(reach), exceptions.contains(reach)) {
                (false, false) => faults.push(format!(
                    "{operation} {status} was not reached on {database}: write a contract test, or list it with a reason"
                )),
                (true, true) => faults.push(format!(
                    "{operation} {status} was reached on {database}: take it off the list"
                )),
                _ => {}
            }
        }
    }
    faults
}
