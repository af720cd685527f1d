//! The report on the console: a line that lives where there is a terminal, plain lines where there is none.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};

use super::{Cell, Report, State, requests, span};
use crate::run::{Ending, Failure, Outcome, Progress};

/// Writes to standard output.
pub struct Console {
    live: bool,
    colours: bool,
}

impl Console {
    /// A console that knows whether somebody looks at it. `plain` makes it as if nobody did.
    pub fn new(plain: bool) -> Self {
        let terminal = std::io::stdout().is_terminal() && !plain;
        Self { live: terminal, colours: terminal }
    }

    /// A line of the run.
    pub fn says(&self, line: &str) {
        self.clears();
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}");
        let _ = out.flush();
    }

    fn clears(&self) {
        if self.live {
            let _ = write!(std::io::stdout(), "\r\x1b[2K");
        }
    }

    fn coloured(&self, state: State, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let colour = match state {
            State::Passed => "32",
            State::Failed => "1;31",
            State::Unreached => "33",
        };
        format!("\x1b[{colour}m{text}\x1b[0m")
    }

    /// The whole report after the run.
    pub fn tells(&self, report: &Report) {
        self.says(&self.table(report));
        for finding in &report.findings {
            self.says(&format!("{} {finding}", self.coloured(State::Failed, "FOUND  ")));
        }
        let failed = report.cells().filter_map(|(row, status, cell)| match cell {
            Cell::Failed(failures) => Some((row, status, failures)),
            _ => None,
        });
        for (row, status, failures) in failed {
            self.says(&format!("{} {} {status}", self.coloured(State::Failed, "FAILED "), row.operation));
            for failure in failures.iter().take(5) {
                self.says(&format!("          {}", told(failure, report)));
            }
            if failures.len() > 5 {
                self.says(&format!("          and {} more, which report.html has", failures.len() - 5));
            }
        }
        for (reason, reaches) in report.reasons() {
            let reaches: Vec<String> =
                reaches.iter().map(|(operation, status)| format!("{operation} {status}")).collect();
            let shown = match reaches.len() {
                0..=6 => reaches.join(", "),
                more => format!("{} and {} more", reaches.get(..5).unwrap_or_default().join(", "), more - 5),
            };
            self.says(&format!("{} {reason}: {shown}", self.coloured(State::Unreached, "not reached")));
        }
        let (answers, scenarios) = (report.answers(), report.scenarios());
        self.says("");
        self.says(&format!(
            "scenarios  {} passed, {} failed, {} skipped",
            scenarios.passed, scenarios.failed, scenarios.unreached
        ));
        self.says(&format!(
            "answers    {} passed, {} failed, {} not reached, of {} declared by {} operations and the door",
            answers.passed,
            answers.failed,
            answers.unreached,
            answers.passed + answers.failed + answers.unreached,
            report.rows.len().saturating_sub(1)
        ));
        self.says(&format!(
            "{} in {}; {} agents were made and decommissioned",
            requests(report.noted.len()),
            span(report.took),
            report.ended
        ));
    }

    /// The matrix of operations and statuses.
    fn table(&self, report: &Report) -> String {
        let statuses = report.statuses();
        let width = report.rows.iter().map(|row| row.operation.len()).max().unwrap_or_default();
        let mut table = format!("\n{:width$}", "");
        for status in &statuses {
            let _ = write!(table, "  {status}");
        }
        for row in &report.rows {
            let _ = write!(table, "\n{:width$}", row.operation);
            for status in &statuses {
                let cell = match row.cells.get(status) {
                    Some(Cell::Passed(_)) => self.coloured(State::Passed, "  ok "),
                    Some(Cell::Failed(_)) => self.coloured(State::Failed, " FAIL"),
                    Some(Cell::Unreached(_)) => self.coloured(State::Unreached, "  -  "),
                    None => "     ".to_owned(),
                };
                table.push_str(&cell);
            }
        }
        table.push('\n');
        table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

impl Progress for Console {
    fn begins(&mut self, number: usize, of: usize, name: &str) {
        if self.live {
            self.clears();
            let line: String = format!("[{number}/{of}] {name}").chars().take(76).collect();
            let mut out = std::io::stdout().lock();
            let _ = write!(out, "{line}");
            let _ = out.flush();
        }
    }

    fn ended(&mut self, outcome: &Outcome) {
        let state = outcome.ending.state();
        let mark = match state {
            State::Passed => "ok      ",
            State::Failed => "FAILED  ",
            State::Unreached => "skipped ",
        };
        let mut line = format!("{} {}", self.coloured(state, mark), outcome.name);
        match &outcome.ending {
            Ending::Passed => {
                let _ = write!(line, " ({}, {})", requests(outcome.exchanges.len()), span(outcome.took));
            }
            Ending::Skipped(reason) => {
                let _ = write!(line, ": {reason}");
            }
            Ending::Failed(failures) => {
                for failure in failures.iter().take(5) {
                    let _ = write!(line, "\n         {}", failure.rule);
                }
                if failures.len() > 5 {
                    let _ = write!(line, "\n         and {} more", failures.len() - 5);
                }
            }
        }
        self.says(&line);
    }
}

/// A broken rule, with the request that broke it.
fn told(failure: &Failure, report: &Report) -> String {
    match failure.exchange.and_then(|place| report.noted.get(place)) {
        Some(one) => format!("{}: {} [{}]", failure.rule, one.line, one.request_id),
        None => failure.rule.clone(),
    }
}
