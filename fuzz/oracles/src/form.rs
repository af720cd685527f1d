//! Forms (`application/x-www-form-urlencoded`), with no parameter twice but those that may be (RFC 6749 §3.2).

use std::collections::BTreeSet;

use generated::check::Found;
use generated::params::Texts;

use crate::{Decision, reference};

/// Which parameter may be there several times (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// The rule, read slowly: the pairs, if there is nothing wrong with any.
fn pairs(body: &[u8]) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in body.split(|byte| *byte == b'&') {
        if pair.is_empty() {
            continue;
        }
        let mut sides = pair.splitn(2, |byte| *byte == b'=');
        let name = reference::form_decoded(sides.next().unwrap_or_default())?;
        let value = reference::form_decoded(sides.next().unwrap_or_default())?;
        pairs.push((name, value));
    }
    let mut once = BTreeSet::new();
    let repeated = pairs.iter().any(|(name, _)| name != REPEATABLE && !once.insert(name.clone()));
    (!repeated).then_some(pairs)
}

/// Reads the input as a form.
pub fn judge(input: &[u8]) -> Decision {
    let mut found = Found::default();
    let form = Texts::form(input, &[REPEATABLE], &mut found);
    let rule = pairs(input);
    assert_eq!(found.is_empty(), rule.is_some(), "{:?}", found.into_violations());
    let Some(rule) = rule else { return Decision::Refused };

    // The standard's own reading is more forgiving; what is right it reads alike.
    let standard: Vec<_> =
        form_urlencoded::parse(input).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    assert_eq!(rule, standard);

    // A parameter without a value counts as absent (RFC 6749 §3.1).
    for (name, _) in &rule {
        let values: Vec<_> = rule
            .iter()
            .filter(|(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value)
            .collect();
        let read: Vec<String> = form.many(name, &mut Found::default());
        assert_eq!(read.iter().collect::<Vec<_>>(), values, "{name:?}");
        assert_eq!(form.text(name), values.first().map(|value| value.as_str()));
    }

    // What is written again is read again.
    let again = form_urlencoded::Serializer::new(String::new()).extend_pairs(&rule).finish();
    assert_eq!(pairs(again.as_bytes()), Some(rule));
    Decision::Accepted
}
