//! The report as one page that needs nothing from elsewhere: its style and its script are in it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Cell, Counts, Report, State, requests, span};
use crate::deployment::{Noted, Said};
use crate::run::{Ending, Failure, Outcome};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The page may run its own style and script, and fetch nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole page.
pub fn page(report: &Report) -> String {
    let verdict = if report.is_good() { "passed" } else { "failed" };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Contract tests " (verdict) ": " (report.base) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#matrix" { "To the table of answers" }
                header { (summary(report)) }
                main {
                    (findings(report))
                    (filter())
                    (matrix(report))
                    (failures(report))
                    (reasons(report))
                    (scenarios(report))
                }
                footer { p { "AgentIdP contract tests " (env!("CARGO_PKG_VERSION")) ", run " code { (report.run) } "." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn mark(state: State) -> Markup {
    let (sign, words) = match state {
        State::Passed => ("✓", "passed"),
        State::Failed => ("✗", "failed"),
        State::Unreached => ("–", "not reached"),
    };
    html! { span aria-hidden="true" { (sign) } span.hidden { (words) } }
}

fn summary(report: &Report) -> Markup {
    let good = report.is_good();
    let held = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    html! {
        p.eyebrow { "AgentIdP contract tests" }
        h1 {
            span.verdict.passed[good].failed[!good] { @if good { "Passed" } @else { "Failed" } }
            " " span.base { (report.base) }
        }
        div.figures {
            (figures("Answers", "not reached", report.answers()))
            (figures("Scenarios", "skipped", report.scenarios()))
        }
        @if report.interrupted { p.warning { "The run was interrupted: what comes after is not known." } }
        dl.facts {
            div { dt { "Begun" } dd { (report.began) ", took " (span(report.took)) } }
            div { dt { "Judged by" } dd { (report.authority) } }
            div { dt { "Client" } dd { code { (report.client) } } }
            div { dt { "It has" } dd { (held(&report.held)) } }
            @if !report.lacked.is_empty() { div { dt { "It lacks" } dd { (held(&report.lacked)) } } }
            div { dt { "Made there" } dd { (report.ended) " agents, decommissioned again" } }
        }
    }
}

fn figures(name: &str, unreached: &str, counts: Counts) -> Markup {
    html! {
        section.figure aria-label=(name) {
            h2 { (name) }
            ul {
                li.passed { strong { (counts.passed) } " passed" }
                li.failed.none[counts.failed == 0] { strong { (counts.failed) } " failed" }
                li.unreached { strong { (counts.unreached) } " " (unreached) }
            }
        }
    }
}

fn findings(report: &Report) -> Markup {
    html! {
        @if !report.findings.is_empty() {
            section.findings {
                h2 { "Findings" }
                ul { @for finding in &report.findings { li { (finding) } } }
            }
        }
    }
}

fn filter() -> Markup {
    html! {
        form.filter id="filter" hidden role="search" aria-label="Show only some" {
            label { span { "Show" } input id="text" type="search" placeholder="operation, tag, sentence, rule …" autocomplete="off"; }
            fieldset {
                legend.hidden { "By result" }
                @for (value, name) in [("passed", "passed"), ("failed", "failed"), ("unreached", "not reached")] {
                    label.choice { input type="checkbox" name="state" value=(value) checked; span { (name) } }
                }
            }
            output id="shown" aria-live="polite" {}
        }
    }
}

fn matrix(report: &Report) -> Markup {
    let statuses = report.statuses();
    html! {
        section id="matrix" {
            h2 { "Every declared answer" }
            p.hint { "✓ leads to the first request that got the answer, ✗ to what is wrong, – to the reason why it was not reached. An empty place is an answer that the specification does not have." }
            div.scroll tabindex="0" role="region" aria-label="Operations and statuses" {
                table.matrix {
                    thead { tr {
                        th scope="col" { "Operation" }
                        @for status in &statuses { th scope="col" { (status) } }
                    } }
                    tbody {
                        @for row in &report.rows {
                            tr data-text={ (row.operation) " " (row.tag) " " (row.route) } data-states=(states(row.cells.values())) {
                                th scope="row" { (breakable(&row.operation)) span.route { (row.route) } }
                                @for status in &statuses {
                                    @match row.cells.get(status) {
                                        None => { td.empty {} }
                                        Some(cell) => { (matrix_cell(report, &row.operation, *status, cell)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A name that may be broken where a word in it begins.
fn breakable(name: &str) -> Markup {
    html! { @for letter in name.chars() { @if letter.is_uppercase() { wbr; } (letter) } }
}

fn states<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let mut names: Vec<&str> = cells.map(|cell| state_of(cell).name()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" ")
}

fn state_of(cell: &Cell) -> State {
    match cell {
        Cell::Passed(_) => State::Passed,
        Cell::Failed(_) => State::Failed,
        Cell::Unreached(_) => State::Unreached,
    }
}

fn matrix_cell(report: &Report, operation: &str, status: u16, cell: &Cell) -> Markup {
    let state = state_of(cell);
    let (target, title) = match cell {
        Cell::Passed(place) => (format!("#x{place}"), format!("{operation} {status} passed")),
        Cell::Failed(_) => (format!("#f-{operation}-{status}"), format!("{operation} {status} failed")),
        Cell::Unreached(reason) => {
            let number = report.reasons().keys().position(|one| one == reason).unwrap_or_default();
            (format!("#r{number}"), format!("{operation} {status} was not reached: {reason}"))
        }
    };
    html! { td class=(state.name()) { a href=(target) title=(title) { (mark(state)) } } }
}

fn failures(report: &Report) -> Markup {
    let failed: Vec<_> = report
        .cells()
        .filter_map(|(row, status, cell)| match cell {
            Cell::Failed(failures) => Some((row, status, failures)),
            _ => None,
        })
        .collect();
    html! {
        @if !failed.is_empty() {
            section id="failures" {
                h2 { "What failed" }
                @for (row, status, failures) in failed {
                    article.failure id={ "f-" (row.operation) "-" (status) } data-states="failed"
                        data-text={ (row.operation) " " (row.tag) " " (row.route) " " (rules(failures)) } {
                        h3 { (row.operation) " " (status) " " span.route { (row.route) } }
                        @for (place, rules) in by_exchange(failures) {
                            div.broken {
                                ul.rules { @for rule in &rules { li { (rule) } } }
                                @match place.and_then(|place| report.noted.get(place).map(|one| (place, one))) {
                                    Some((place, one)) => { details open[by_exchange(failures).len() < 4] { (heading(place, one)) (exchange(one, &[])) } }
                                    None => { p.hint { "No single answer shows it; the scenario below does." } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rules(failures: &[Failure]) -> String {
    failures.iter().map(|failure| failure.rule.as_str()).collect::<Vec<_>>().join(" ")
}

/// The broken rules by the request whose answer broke them.
fn by_exchange(failures: &[Failure]) -> Vec<(Option<usize>, Vec<&str>)> {
    let mut groups: Vec<(Option<usize>, Vec<&str>)> = Vec::new();
    for failure in failures {
        match groups.iter_mut().find(|(place, _)| *place == failure.exchange) {
            Some((_, rules)) => rules.push(&failure.rule),
            None => groups.push((failure.exchange, vec![&failure.rule])),
        }
    }
    groups
}

fn reasons(report: &Report) -> Markup {
    let reasons = report.reasons();
    html! {
        @if !reasons.is_empty() {
            section id="reasons" {
                h2 { "What was not reached, and why" }
                dl.reasons {
                    @for (number, (reason, reaches)) in reasons.iter().enumerate() {
                        div id={ "r" (number) } {
                            dt { (reason) }
                            dd { @for (operation, status) in reaches { span.reach { (operation) " " b { (status) } } " " } }
                        }
                    }
                }
            }
        }
    }
}

fn scenarios(report: &Report) -> Markup {
    html! {
        section id="scenarios" {
            h2 { "Every scenario" }
            @for outcome in &report.outcomes { (scenario(report, outcome)) }
        }
    }
}

fn scenario(report: &Report, outcome: &Outcome) -> Markup {
    let state = outcome.ending.state();
    let reaches: Vec<String> =
        outcome.reaches.iter().map(|(operation, status)| format!("{operation} {status}")).collect();
    let text = match &outcome.ending {
        Ending::Failed(failures) => rules(failures),
        Ending::Skipped(reason) => reason.clone(),
        Ending::Passed => String::new(),
    };
    html! {
        details class={ "scenario " (state.name()) } data-states=(state.name())
            data-text={ (outcome.name) " " (reaches.join(" ")) " " (text) } {
            summary {
                span.mark { (mark(state)) }
                span.name { (outcome.name) }
                span.amount { (requests(outcome.exchanges.len())) ", " (span(outcome.took)) }
            }
            div.inside {
                @if !reaches.is_empty() { p.hint { "Reaches " (reaches.join(", ")) "." } }
                @match &outcome.ending {
                    Ending::Passed => {}
                    Ending::Skipped(reason) => { p { "Not done: " (reason) "." } }
                    Ending::Failed(failures) => { ul.rules { @for failure in failures { li {
                        (failure.rule)
                        @if let Some(place) = failure.exchange { " " a href={ "#x" (place) } { "see the request" } }
                    } } } }
                }
                @for place in outcome.exchanges.clone() {
                    @if let Some(one) = report.noted.get(place) {
                        details.exchange id={ "x" (place) } { (heading(place, one)) (exchange(one, &one.faults)) }
                    }
                }
            }
        }
    }
}

fn heading(place: usize, one: &Noted) -> Markup {
    let status = one.answer.as_ref().map(|(status, _)| *status);
    html! {
        summary {
            code.line { (one.line) }
            span.status.bad[!one.faults.is_empty()] { @match status { Some(status) => (status), None => "no answer" } }
            span.amount { "#" (place + 1) ", " (span(one.took)) }
        }
    }
}

fn exchange(one: &Noted, faults: &[String]) -> Markup {
    html! {
        div.exchanged {
            @if !faults.is_empty() { ul.rules { @for fault in faults { li { (fault) } } } }
            div.sides {
                section aria-label="Request" { h4 { "Request" } (said(&one.line, &one.request)) }
                section aria-label="Answer" {
                    h4 { "Answer" }
                    @match &one.answer {
                        Some((status, answer)) => { (said(&status.to_string(), answer)) }
                        None => { p { "None came." } }
                    }
                }
            }
            p.hint { "In the deployment's logs this is request " code { (one.request_id) } "." }
        }
    }
}

fn said(first: &str, said: &Said) -> Markup {
    html! {
        pre tabindex="0" {
            b { (first) } "\n"
            @for (name, value) in &said.headers { span.header { (name) ":" } " " (value) "\n" }
            @if !said.body.is_empty() { "\n" (said.body) }
        }
    }
}
