//! The report as JUnit XML: a suite for each operation with its declared answers as cases, a suite of the scenarios, and one
//! of what else was found.

use quick_junit::{NonSuccessKind, Report as Xml, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{Cell, Report};
use crate::deployment::Noted;
use crate::run::{Ending, Failure};

/// The whole document.
///
/// # Errors
/// When it cannot be written as XML.
pub fn document(report: &Report) -> Result<String, SerializeError> {
    let mut xml = Xml::new("AgentIdP contract tests");
    xml.set_time(report.took);

    let mut findings = TestSuite::new("findings");
    findings.add_property(("base-url", report.base.as_str()));
    findings.add_property(("specification", report.authority.as_str()));
    let mut case =
        TestCase::new("the deployment's specification is the one that counts", TestCaseStatus::success());
    if !report.findings.is_empty() {
        case.status = failure(&report.findings.join("\n"), String::new());
    }
    case.set_classname("findings");
    findings.add_test_case(case);
    xml.add_test_suite(findings);

    for row in &report.rows {
        let mut suite = TestSuite::new(row.operation.as_str());
        for (status, cell) in &row.cells {
            let state = match cell {
                Cell::Passed(_) => TestCaseStatus::success(),
                Cell::Failed(failures) => broken(failures, &report.noted),
                Cell::Unreached(reason) => skipped(reason),
            };
            let mut case = TestCase::new(format!("{} {status}", row.operation), state);
            case.set_classname(format!("answers.{}", row.operation));
            suite.add_test_case(case);
        }
        xml.add_test_suite(suite);
    }

    let mut suite = TestSuite::new("scenarios");
    for outcome in &report.outcomes {
        let state = match &outcome.ending {
            Ending::Passed => TestCaseStatus::success(),
            Ending::Failed(failures) => broken(failures, &report.noted),
            Ending::Skipped(reason) => skipped(reason),
        };
        let mut case = TestCase::new(outcome.name.as_str(), state);
        case.set_classname("scenarios").set_time(outcome.took);
        suite.add_test_case(case);
    }
    xml.add_test_suite(suite);
    xml.to_string()
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(reason);
    status
}

fn failure(message: &str, description: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message).set_type("contract");
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

/// The broken rules as the message, and the requests with their answers as the description.
fn broken(failures: &[Failure], noted: &[Noted]) -> TestCaseStatus {
    let rules: Vec<&str> = failures.iter().map(|failure| failure.rule.as_str()).collect();
    let mut places: Vec<usize> = failures.iter().filter_map(|failure| failure.exchange).collect();
    places.dedup();
    let exchanges = places.into_iter().take(5).filter_map(|place| noted.get(place)).map(written);
    failure(&rules.join("\n"), exchanges.collect::<Vec<_>>().join("\n\n"))
}

fn written(one: &Noted) -> String {
    let lines = |headers: &[(String, String)]| -> String {
        headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    };
    let asked = format!("{}\n{}\n{}", one.line, lines(&one.request.headers), one.request.body);
    match &one.answer {
        Some((status, said)) => format!("{asked}\n\n{status}\n{}\n{}", lines(&said.headers), said.body),
        None => format!("{asked}\n\nno answer"),
    }
}
