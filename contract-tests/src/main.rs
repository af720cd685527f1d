//! `contract-tests coverage`: whether a whole run of the contract tests saw every declared answer.

use std::process::ExitCode;

use contract_tests::{coverage, spec::Spec};

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to the terminal")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["coverage"] => {}
        ["coverage", "--forget"] => {
            let folder = coverage::folder();
            return match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    eprintln!("{}: {error}", folder.display());
                    ExitCode::FAILURE
                }
                _ => ExitCode::SUCCESS,
            };
        }
        _ => {
            eprintln!(
                "contract-tests coverage            compare what a run saw with what openapi.yaml declares"
            );
            eprintln!("contract-tests coverage --forget   forget what earlier runs saw");
            return ExitCode::from(2);
        }
    }
    let noted = match coverage::noted(&coverage::folder()) {
        Ok(noted) => noted,
        Err(error) => {
            eprintln!("{}: {error}; run the contract tests first", coverage::folder().display());
            return ExitCode::FAILURE;
        }
    };
    let listed = std::fs::read_to_string(coverage::list()).unwrap_or_default();
    let declared = coverage::declared(&Spec::load());
    let faults = coverage::compare(&declared, &noted, &listed);
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() {
        println!("{} declared answers, all accounted for on both databases", declared.len());
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
