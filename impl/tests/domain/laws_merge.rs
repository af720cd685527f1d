//! Merge patches (RFC 7396): what an agent's metadata becomes is what the RFC's own procedure says.

use agentidp::domain::agents::{Agent, AgentPatch, Attempt, NewAgent, Seen};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::world::{World, caller, register, request};

/// RFC 7396 §2, word for word.
fn merge_patch(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut target = match target {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let before = target.remove(name).unwrap_or(Value::Null);
            target.insert(name.clone(), merge_patch(before, value));
        }
    }
    Value::Object(target)
}

/// An agent's metadata before and after a patch.
async fn patched(world: &World, before: &Value, patch: &Value) -> (Agent, Agent) {
    let mina = caller("talent-team", &["agents:write"]);
    let object = |value: &Value| value.as_object().cloned();
    let new = NewAgent { metadata: object(before), ..world.new_agent(&[]) };
    let registered = register(&world.agents, &mina, new).await.expect("no fault").expect("registered").agent;
    let change = AgentPatch { metadata: Some(object(patch)), ..AgentPatch::default() };
    let attempt = Attempt { request: &request(), principal: &mina, id: registered.id, seen: &Seen::Any };
    let answered = world.agents.update(attempt, change).await.expect("no fault").expect("changed");
    let kept = world.agents.get(&request(), &mina, registered.id).await.expect("no fault").expect("there");
    assert_eq!(answered, kept);
    (registered, kept)
}

/// RFC 7396, appendix A: original, patch, result.
fn examples() -> Vec<(Value, Value, Value)> {
    vec![
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a": "b"}), json!(["c"]), json!(["c"])),
        (json!({"a": "foo"}), json!(null), json!(null)),
        (json!({"a": "foo"}), json!("bar"), json!("bar")),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ]
}

#[test]
fn the_examples_of_the_rfc_come_out_as_it_says() {
    Runtime::new().expect("a runtime").block_on(async {
        let world = World::new().await;
        for (original, patch, result) in examples() {
            assert_eq!(merge_patch(original.clone(), &patch), result, "the reference itself");
            // Not each of them is an object, as metadata is; all of them are members of one.
            let (_, kept) = patched(&world, &json!({"of": original}), &json!({"of": patch})).await;
            let expected = if result.is_null() { json!({}) } else { json!({"of": result}) };
            assert_eq!(kept.metadata.map(Value::Object), Some(expected), "{original} with {patch}");
            if let (Value::Object(_), Value::Object(_)) = (&original, &patch) {
                let (_, kept) = patched(&world, &original, &patch).await;
                assert_eq!(kept.metadata.map(Value::Object), Some(result), "{original} with {patch}");
            }
        }
        let (_, kept) = patched(&world, &json!({"a": 1}), &Value::Null).await;
        assert_eq!(kept.metadata, None, "null removes all of it");
    });
}

/// Documents in which names meet often, nulls and empty objects included.
fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => (0..3).prop_map(Value::from),
        1 => "[a-c]?".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            4 => objects(inner),
        ]
    })
}

fn objects(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let members = prop::collection::hash_map("[a-d]", inner, 0..4);
    members.prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_does_what_the_procedure_of_the_rfc_does(
        pairs in prop::collection::vec((objects(documents()), objects(documents())), 8),
    ) {
        Runtime::new().expect("a runtime").block_on(async {
            let world = World::new().await;
            for (original, patch) in &pairs {
                let (before, after) = patched(&world, original, patch).await;
                let expected = merge_patch(original.clone(), patch);
                assert_eq!(after.metadata.map(Value::Object), Some(expected), "{original} with {patch}");
                // A patch says nothing of what it does not name, and one that changes nothing is no change.
                let rest = (after.email, after.capabilities, after.owner, after.status, after.valid_until);
                assert_eq!(rest, (before.email, before.capabilities, before.owner, before.status, before.valid_until));
                let same = merge_patch(original.clone(), patch) == *original;
                assert_eq!(after.revision, before.revision + i64::from(!same));
            }
        });
    }
}
