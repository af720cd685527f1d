//! Rotation with overlap: at each moment exactly those secrets are accepted whose time it is.

use std::time::Duration;

use agentidp::domain::callers::Principal;
use agentidp::domain::credentials::{CredentialId, IssuedCredential, NewCredential};
use agentidp::domain::idempotency::{Created, Once};
use agentidp::domain::refusal::Refusal;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::runtime::Runtime;

use crate::world::{World, caller, request};

/// A secret, from when on it is accepted, and until when, if its end is set.
struct Interval {
    id: CredentialId,
    secret: String,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    replaced: bool,
}

impl Interval {
    fn is_now(&self, now: DateTime<Utc>) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

#[derive(Clone, Debug)]
enum Turn {
    Issue { lives: Option<u64> },
    Rotate { which: Index, grace: u64 },
    Revoke { which: Index },
    Wait { milliseconds: u64 },
}

fn turns() -> impl Strategy<Value = Turn> {
    let grace = prop_oneof![Just(0), 1..90_u64, Just(604_800)];
    prop_oneof![
        1 => prop::option::of(1..120_u64).prop_map(|lives| Turn::Issue { lives }),
        4 => (any::<Index>(), grace).prop_map(|(which, grace)| Turn::Rotate { which, grace }),
        1 => any::<Index>().prop_map(|which| Turn::Revoke { which }),
        3 => (0..60_000_u64).prop_map(|milliseconds| Turn::Wait { milliseconds }),
    ]
}

struct Overlap {
    world: World,
    otto: Principal,
    client_id: String,
    secrets: Vec<Interval>,
}

impl Overlap {
    fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }

    async fn accepts_exactly_whose_time_it_is(&self) {
        for secret in &self.secrets {
            let shown = self.world.authenticate(&self.client_id, &secret.secret).await;
            assert_eq!(shown.is_ok(), secret.is_now(self.now()), "{} until {:?}", secret.id, secret.until);
        }
    }

    async fn wait(&self, until: DateTime<Utc>) {
        let by = (until - self.now()).to_std().expect("time goes forward");
        self.world.clock.advance(by);
        self.world.read_feed().await;
        self.accepts_exactly_whose_time_it_is().await;
    }

    /// Goes on to a moment, and stops just before and just at each end on the way.
    async fn wait_through(&self, moment: DateTime<Utc>) {
        let mut ends: Vec<_> = self.secrets.iter().filter_map(|secret| secret.until).collect();
        ends.retain(|end| self.now() < *end && *end <= moment);
        ends.sort();
        ends.dedup();
        for end in ends {
            self.wait(end - TimeDelta::milliseconds(1)).await;
            self.wait(end).await;
        }
        self.wait(moment).await;
    }

    async fn take(&mut self, turn: &Turn) {
        let (now, seconds) = (self.now(), |count: u64| Duration::from_secs(count));
        let id = self.client_id.parse().map(agentidp::domain::agents::AgentId).expect("a UUID");
        let credentials = self.world.credentials.clone();
        let (request, otto) = (request(), self.otto.clone());
        let once = || Once { key: None, answer: &|_: &IssuedCredential| Vec::new() };
        let which = |index: &Index| index.index(self.secrets.len());
        match turn {
            Turn::Issue { lives } => {
                let expires_at = lives.map(|lives| now + seconds(lives));
                let new = NewCredential { label: None, expires_at };
                let made = credentials.issue(&request, &otto, id, new, once()).await.expect("no fault");
                if let Ok(Created::New(made)) = made {
                    self.add(made, expires_at);
                }
            }
            Turn::Rotate { which: index, grace } => {
                let which = which(index);
                let old = &self.secrets[which];
                let rotated = credentials.rotate(&request, &otto, id, old.id, seconds(*grace), once()).await;
                let made = match rotated.expect("no fault") {
                    Ok(Created::New(made)) => made,
                    Ok(Created::Before(_)) => panic!("there was no key to find an answer by"),
                    Err(refusal) => {
                        let full = self.secrets.iter().filter(|one| one.is_now(now)).count() == 16;
                        assert!(old.replaced || !old.is_now(now) || full, "{refusal:?}");
                        assert!(matches!(refusal, Refusal::CredentialConflict(_)), "{refusal:?}");
                        return;
                    }
                };
                assert!(
                    !old.replaced && old.is_now(now),
                    "what has ended or was replaced is rotated no more"
                );
                // The new one gets as much time as the old one had from its issue.
                let lives = old.until.map(|until| now + (until - old.from));
                let old = &mut self.secrets[which];
                let grace_end = now + seconds(*grace);
                old.until = Some(old.until.map_or(grace_end, |until| until.min(grace_end)));
                old.replaced = true;
                self.add(made, lives);
            }
            Turn::Revoke { which: index } => {
                let which = which(index);
                let old = &mut self.secrets[which];
                credentials.revoke(&request, &otto, id, old.id).await.expect("no fault").expect("revoked");
                old.until = Some(old.until.map_or(now, |until| until.min(now)));
            }
            Turn::Wait { milliseconds } => {
                self.wait_through(now + Duration::from_millis(*milliseconds)).await;
            }
        }
        self.accepts_exactly_whose_time_it_is().await;
    }

    fn add(&mut self, made: IssuedCredential, until: Option<DateTime<Utc>>) {
        assert_eq!(made.credential.expires_at, until);
        self.secrets.push(Interval {
            id: made.credential.id,
            secret: made.secret.into_exposed(),
            from: self.now(),
            until,
            replaced: false,
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_right_secrets_are_accepted_at_each_moment(turns in prop::collection::vec(turns(), 6..24)) {
        Runtime::new().expect("a runtime").block_on(async {
            let world = World::new().await;
            let agent = world.agent("talent-team", &["resume:read"]).await;
            let first = Interval {
                id: agent.credential.id,
                secret: agent.secret.expose().to_owned(),
                from: world.clock.now(),
                until: None,
                replaced: false,
            };
            let otto = caller("talent-team", &["credentials:write"]);
            let client_id = agent.agent.id.to_string();
            let mut overlap = Overlap { world, otto, client_id, secrets: vec![first] };
            for turn in &turns {
                overlap.take(turn).await;
            }
            let last = overlap.secrets.iter().filter_map(|secret| secret.until).max();
            overlap.wait_through(last.unwrap_or(overlap.now()).max(overlap.now())).await;
        });
    }
}
