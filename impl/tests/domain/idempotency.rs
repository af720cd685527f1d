//! Idempotency keys: what the same request gets that comes again, until when, and what one gets that comes at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use agentidp::domain::agents::{NewAgent, Registered};
use agentidp::domain::callers::Principal;
use agentidp::domain::credentials::{IssuedCredential, NewCredential};
use agentidp::domain::idempotency::{Created, IdempotencyKey, Once};
use agentidp::domain::refusal::Answered;
use serde_json::Value;

use crate::world::{World, caller, request};

/// The creating requests, each as it comes with its key for the first time and again.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Register,
    Issue,
    Rotate,
}

impl Operation {
    const ALL: [Self; 3] = [Self::Register, Self::Issue, Self::Rotate];

    fn action(self) -> &'static str {
        match self {
            Self::Register => "agent.registered",
            Self::Issue => "credential.issued",
            Self::Rotate => "credential.rotated",
        }
    }
}

/// What a request is about, so that each time it is the same one.
struct Asking {
    world: World,
    operation: Operation,
    principal: Principal,
    of: Registered,
    new: NewAgent,
}

impl Asking {
    async fn of(operation: Operation) -> Arc<Self> {
        let world = World::new().await;
        let of = world.agent("talent-team", &[]).await;
        let principal = caller("talent-team", &["agents:write", "credentials:write"]);
        let new = world.new_agent(&[]);
        Arc::new(Self { world, operation, principal, of, new })
    }

    /// Asks with the one key. What was made is kept as its secret alone, and so that is what comes again.
    async fn ask(&self) -> Answered<Created<String>> {
        let key = IdempotencyKey::new("a key that nobody guesses".to_owned(), "anOperation", &[b"the same"]);
        let (request, key) = (request(), Some(&key));
        let credentials = &self.world.credentials;
        let (agent, old) = (self.of.agent.id, self.of.credential.id);
        let issued = |made: &IssuedCredential| made.secret.expose().as_bytes().to_vec();
        let once = Once { key, answer: &issued };
        let made = match self.operation {
            Operation::Register => {
                let answer = |made: &Registered| made.secret.expose().as_bytes().to_vec();
                let once = Once { key, answer: &answer };
                let made =
                    self.world.agents.register(&request, &self.principal, self.new.clone(), once).await;
                return shown(made.expect("no fault"), |made| made.secret.expose().to_owned());
            }
            Operation::Issue => {
                credentials.issue(&request, &self.principal, agent, NewCredential::default(), once).await
            }
            Operation::Rotate => {
                credentials.rotate(&request, &self.principal, agent, old, Duration::ZERO, once).await
            }
        };
        shown(made.expect("no fault"), |made| made.secret.expose().to_owned())
    }

    /// The reasons for which it was refused so far, by its events.
    async fn reasons(&self) -> Vec<String> {
        let events = self.world.events_of(self.operation.action()).await;
        let denied = events.iter().filter(|event| event["outcome"] == "denied");
        denied.map(|event| event["reason"].as_str().map(str::to_owned).expect("a reason")).collect()
    }

    async fn made(&self) -> usize {
        let events: Vec<Value> = self.world.events_of(self.operation.action()).await;
        events.iter().filter(|event| event["outcome"] == "success").count()
    }
}

fn shown<T>(made: Answered<Created<T>>, secret: impl FnOnce(T) -> String) -> Answered<Created<String>> {
    made.map(|made| match made {
        Created::New(made) => Created::New(secret(made)),
        Created::Before(kept) => Created::Before(kept),
    })
}

#[track_caller]
fn is_new(made: Answered<Created<String>>) -> String {
    let Ok(Created::New(secret)) = made else { panic!("{made:?}") };
    secret
}

#[track_caller]
fn is_again(made: Answered<Created<String>>, first: &str) {
    let Ok(Created::Before(kept)) = made else { panic!("{made:?}") };
    assert_eq!(kept, first.as_bytes());
}

#[track_caller]
fn is_refused(made: Answered<Created<String>>, reason: &str) {
    assert_eq!(made.map(drop).map_err(|refusal| refusal.reason()), Err(reason));
}

#[tokio::test]
async fn an_answer_with_a_secret_comes_again_for_ten_minutes_and_no_longer() {
    for operation in Operation::ALL {
        let asking = Asking::of(operation).await;
        let first = is_new(asking.ask().await);
        let made = asking.made().await;
        is_again(asking.ask().await, &first);
        asking.world.clock.advance(Duration::from_millis(10 * 60 * 1000 - 1));
        asking.world.read_feed().await;
        is_again(asking.ask().await, &first);
        asking.world.clock.advance(Duration::from_millis(1));
        asking.world.read_feed().await;
        is_refused(asking.ask().await, "idempotency_secret_gone");
        assert_eq!(asking.reasons().await, ["idempotency_secret_gone"], "{operation:?}");
        assert_eq!(asking.made().await, made, "{operation:?}");
    }
}

#[tokio::test]
async fn a_key_counts_for_a_day_and_no_longer() {
    for operation in Operation::ALL {
        let asking = Asking::of(operation).await;
        let first = is_new(asking.ask().await);
        asking.world.clock.advance(Duration::from_millis(24 * 60 * 60 * 1000 - 1));
        asking.world.read_feed().await;
        is_refused(asking.ask().await, "idempotency_secret_gone");
        asking.world.clock.advance(Duration::from_millis(1));
        asking.world.read_feed().await;
        // From now on it is another request.
        match operation {
            Operation::Register => is_refused(asking.ask().await, "agent_already_exists"),
            Operation::Issue => assert_ne!(is_new(asking.ask().await), first),
            Operation::Rotate => is_refused(asking.ask().await, "credential_replaced"),
        }
    }
}

#[tokio::test]
async fn of_twins_that_are_in_work_at_once_one_is_done_and_the_other_is_told_so() {
    for operation in Operation::ALL {
        let asking = Asking::of(operation).await;
        let store = asking.world.store().clone();
        let (before, held) = (store.begins.load(Ordering::SeqCst), store.door.write().await);
        let twins = [(); 2].map(|()| {
            let asking = Arc::clone(&asking);
            tokio::spawn(async move { asking.ask().await })
        });
        // Neither has found an answer, and both are about to begin their transaction.
        while store.begins.load(Ordering::SeqCst) < before + 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(held);
        let [one, other] = twins;
        let (one, other) = (one.await.expect("no panic"), other.await.expect("no panic"));
        let (done, told) = if one.is_ok() { (one, other) } else { (other, one) };
        let secret = is_new(done);
        is_refused(told, "idempotency_twin");
        assert_eq!(asking.reasons().await, ["idempotency_twin"], "{operation:?}");
        is_again(asking.ask().await, &secret);
    }
}
