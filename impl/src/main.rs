//! The program: arguments, the log, and the only place that exits.

use std::process::ExitCode;

use agentidp::cli;

pub(crate) fn main() -> ExitCode {
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            #[expect(clippy::print_stderr, reason = "the log may not be there yet, and people look here")]
            {
                eprintln!("agentidp: {failure}");
            }
            ExitCode::from(failure.code())
        }
    }
}
