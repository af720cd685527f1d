//! Declared answers that are not reached on a live deployment, each with the reason.

/// Operation (`*` for every one), status, reason. The first line that fits counts.
const TABLE: &[(&str, u16, &str)] = &[
    ("*", 500, "a fault of the server is not caused on a live deployment"),
    ("*", 503, "the server's dependencies are not taken away on a live deployment"),
    ("*", 429, "the rate limits are not provoked unless --provoke-limits is given"),
    (
        "door",
        204,
        "which origins' pages the deployment lets read, and whether any, is not known from outside",
    ),
    ("*", 408, "a request whose body never comes would hold a connection open until the server gives up"),
    (
        "decommissionAgent",
        409,
        "only the last agent with idp:admin is refused so, and no agent that was there before is touched",
    ),
    (
        "revokeCredential",
        409,
        "only the last credential of the last agent with idp:admin is refused so, and none that was there before is touched",
    ),
];

/// Why a declared answer is not reached, if that is meant to be so.
pub fn reason(operation: &str, status: u16) -> Option<&'static str> {
    let fits = |line: &&(&str, u16, &str)| (line.0 == "*" || line.0 == operation) && line.1 == status;
    TABLE.iter().find(fits).map(|(_, _, reason)| *reason)
}
