//! Rate limits, for each operation that declares them. Only done when asked for: until the limits are open again, others at
//! the same address may be refused too.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Scenario;
use crate::actor::Request;
use crate::deployment::{Deployment, Stop, attempt};
use crate::operations::Subjects;
use crate::spec::{Operation, Spec};

/// How many requests are sent until a limit counts as not there.
const MOST: usize = 6_000;

/// How many of them are under way at once.
const AT_ONCE: usize = 16;

pub(super) fn table(spec: &Spec) -> Vec<Scenario> {
    let limited = spec.operations.iter().filter(|operation| operation.responses.contains_key(&429));
    limited
        .map(|operation| {
            let id = operation.id.clone();
            let name = format!("{id} is refused to whoever asks too often");
            Scenario::new(&name, &[(&operation.id, 429)], &[], move |site| {
                comes_up_against_the_limit(site, super::operation(site, &id));
            })
        })
        .collect()
}

/// Sends a request that proves nothing, and so does nothing, until a limit refuses it.
fn comes_up_against_the_limit(site: &Deployment, operation: &Operation) {
    let path = operation.path.replace(['{', '}'], "");
    let bare = || Request::new(&operation.method, &path);
    let request = || Subjects::nowhere().request_if_known(operation).unwrap_or_else(bare);
    let (sent, refused) = (AtomicUsize::new(0), AtomicBool::new(false));
    let asks = || {
        while !refused.load(Ordering::Relaxed) && sent.fetch_add(1, Ordering::Relaxed) < MOST {
            match attempt(|| site.anyone().sends(request()).status()) {
                Some(429) => refused.store(true, Ordering::Relaxed),
                Some(_) => {}
                None => return,
            }
        }
    };
    site.provoking(|| {
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(asks);
            }
        });
    });
    if !refused.load(Ordering::Relaxed) && !site.is_interrupted() {
        let reason = format!("{MOST} requests met no limit");
        resume_unwind(Box::new(Stop::Hindered(reason)));
    }
}
