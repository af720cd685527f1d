//! What belongs to no operation, and what holds for every answer.

use super::Scenario;
use crate::actor::Request;
use crate::operations::{form_if_known, is_in_the_shape_of};
use crate::spec::Security;

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new("a path that leads nowhere is not found", &[("door", 404)], &[], |site| {
            for path in ["/nothing/here", "/Agents", "/agents/", "/oauth2"] {
                site.anyone().gets(path).is(404);
            }
            site.anyone().posts("/nothing/here", &serde_json::json!({})).is(404);
        }),
        Scenario::new(
            "a method that a path does not have is refused, and those that it has are named",
            &[("door", 405)],
            &[],
            |site| {
                let id = "01931e2c-0000-7000-8000-000000000000";
                for operation in &site.spec.operations {
                    let path = operation.path.split('/');
                    let path = path.map(|part| if part.starts_with('{') { id } else { part });
                    site.anyone().sends(Request::new("TRACE", &path.collect::<Vec<_>>().join("/"))).is(405);
                }
                site.anyone().gets("/oauth2/token").is(405);
            },
        ),
        Scenario::new(
            "headers that are too large are refused, in the shape of what they were for",
            &[("door", 431), ("issueToken", 431), ("introspectToken", 431), ("revokeToken", 431)],
            &[],
            |site| {
                let sends = |request: Request| {
                    site.anyone().sends(request.header("x-large", &"x".repeat(32 * 1024))).is(431)
                };
                sends(Request::new("GET", "/health/live")).says("/code", "REQUEST_HEADER_FIELDS_TOO_LARGE");
                for operation in &site.spec.operations {
                    if let Some(form) = form_if_known(operation, "nothing") {
                        let pairs: Vec<_> =
                            form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                        let answer = sends(Request::new("POST", &operation.path).form(&pairs));
                        is_in_the_shape_of(operation, &answer);
                    }
                }
            },
        ),
        Scenario::new("a request's own id comes back, and a bad one is replaced", &[], &[], |site| {
            let asks = |id: &str| {
                site.anyone().sends(Request::new("GET", "/nothing/here").header("x-request-id", id)).is(404)
            };
            for id in ["a", "A-Za-z0-9._-", &"x".repeat(64)] {
                asks(id).says("/requestId", id);
            }
            for id in ["a b", "a/b", "<script>", &"x".repeat(65)] {
                let answer = asks(id);
                let given = answer.header("x-request-id").unwrap_or_default().to_owned();
                answer.says("/requestId", given.clone()).shows(given != id, "a bad id should be replaced");
            }
        }),
        Scenario::new("HEAD is answered like GET, without a body", &[], &[], |site| {
            for operation in &site.spec.operations {
                if operation.security != Security::Public || operation.path.contains('{') {
                    continue;
                }
                let got = site.anyone().gets(&operation.path);
                let headed = site.anyone().heads(&operation.path).is(got.status());
                let media = |name: &str| headed.header(name) == got.header(name);
                let same = media("content-type");
                headed.shows(same, "HEAD and GET should have the same Content-Type");
            }
        }),
    ]
}
