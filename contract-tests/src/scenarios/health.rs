//! getHealth, getLiveness, getReadiness.

use super::Scenario;

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new("the deployment says that it is well", &[("getHealth", 200)], &[], |site| {
            site.anyone().gets("/health").is(200).says("/status", "ok");
        }),
        Scenario::new("the deployment says that it is alive", &[("getLiveness", 200)], &[], |site| {
            site.anyone().gets("/health/live").is(200).says("/status", "ok");
        }),
        Scenario::new(
            "the deployment is ready, and so is each thing that it depends on",
            &[("getReadiness", 200)],
            &[],
            |site| {
                let ready = site.anyone().gets("/health/ready").is(200).says("/status", "ok");
                let checks = ready.json()["checks"].as_array().cloned().unwrap_or_default();
                let all_well = !checks.is_empty() && checks.iter().all(|check| check["status"] == "ok");
                ready.shows(all_well, "each of /checks should be ok, and there should be some");
            },
        ),
    ]
}
