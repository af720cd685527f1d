//! What a whole run of the contract tests amounts to: `contract-tests coverage` says whether it saw every declared answer,
//! `contract-tests events` whether requests left the audit events that the documentation says.

use std::path::Path;
use std::process::ExitCode;

use contract_tests::spec::{Spec, repository};
use contract_tests::{coverage, events};

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the terminal")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let judged = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["coverage"] => covered(),
        ["coverage", "--forget"] => forget(&coverage::folder()),
        ["events"] => left(),
        ["events", "--forget"] => forget(&events::folder()),
        _ => {
            eprintln!(
                "contract-tests coverage            compare what a run saw with what openapi.yaml declares\n\
                 contract-tests events              compare the audit events of a run with docs/audit-events.md\n\
                 contract-tests coverage --forget   forget what earlier runs saw\n\
                 contract-tests events --forget     forget which events earlier runs left"
            );
            return ExitCode::from(2);
        }
    };
    match judged {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(faults) => {
            for fault in faults {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// A sentence, or what is wrong.
type Judged = Result<String, Vec<String>>;

fn forget(folder: &Path) -> Judged {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(vec![format!("{}: {error}", folder.display())])
        }
        _ => Ok("forgotten".to_owned()),
    }
}

fn unread(folder: &Path, error: &std::io::Error) -> Vec<String> {
    vec![format!("{}: {error}; run the contract tests first", folder.display())]
}

fn covered() -> Judged {
    let folder = coverage::folder();
    let noted = coverage::noted(&folder).map_err(|error| unread(&folder, &error))?;
    let listed = std::fs::read_to_string(coverage::list()).unwrap_or_default();
    let declared = coverage::declared(&Spec::load());
    let faults = coverage::compare(&declared, &noted, &listed);
    let done = format!("{} declared answers, all accounted for on both databases", declared.len());
    faults.is_empty().then_some(done).ok_or(faults)
}

fn left() -> Judged {
    let folder = events::folder();
    let noted = events::noted(&folder).map_err(|error| unread(&folder, &error))?;
    let document = events::document();
    let text = std::fs::read_to_string(&document)
        .map_err(|error| vec![format!("{}: {error}", document.display())])?;
    let (tables, mut faults) = events::Tables::parse(&text);
    faults.extend(events::compare(&tables, &noted));
    faults.extend(events::missing_tests(&tables, &repository()));
    let done =
        format!("{} rows of docs/audit-events.md, all as they happened on both databases", tables.rows());
    faults.is_empty().then_some(done).ok_or(faults)
}
