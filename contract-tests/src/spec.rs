//! `openapi.yaml` as the harness understands it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

/// The methods that an OpenAPI path item can have.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "options", "trace"];

/// The root of the repository, which the harness was built in.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_path_buf()
}

/// The whole specification.
pub struct Spec {
    definitions: Value,
    /// What was built of schemas, by their text: that takes far longer than judging a value.
    judges: Mutex<BTreeMap<String, Arc<Judge>>>,
    /// Every operation, in the order of the document's paths.
    pub operations: Vec<Operation>,
    /// What belongs to no operation, by status (`x-door-responses`).
    pub door: BTreeMap<u16, Response>,
    /// The headers of every answer (`x-response-headers`).
    pub everywhere: Vec<Header>,
    /// How many bytes the body of a request may have (`x-max-body-bytes`).
    pub max_body_bytes: Option<usize>,
}

/// What judges values by a schema, or why the schema is none.
type Judge = Result<jsonschema::Validator, String>;

/// One operation.
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// The first of its tags.
    pub tag: String,
    /// Its method, in capitals.
    pub method: String,
    /// Its path with the parameters in braces.
    pub path: String,
    /// Whether the last parameter takes the rest of the path (`x-catch-all`).
    pub catches_all: bool,
    /// The media types of the bodies that it reads.
    pub bodies: Vec<String>,
    /// What it may answer, by status.
    pub responses: BTreeMap<u16, Response>,
    /// Whom it answers.
    pub security: Security,
    /// Whether a setting opens it to those who show nothing (`x-open-by-setting`).
    pub opens: bool,
}

/// Whom an operation answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// Anyone.
    Public,
    /// The bearer of an access token (`security` with `oauth2`).
    Bearer {
        /// The scopes that the token must have, all of them.
        scopes: Vec<String>,
        /// The scope that is enough for the agent which the path names (`x-self`).
        own: Option<String>,
    },
    /// A client that authenticates itself (`x-client-authentication`).
    Client,
}

/// One declared response.
pub struct Response {
    /// Its headers beside those of every answer.
    pub headers: Vec<Header>,
    /// Its bodies' schemas by media type; none means that there is no body.
    pub content: BTreeMap<String, Value>,
    /// The schema of the first line, of a body that is lines of JSON (`x-first-line`).
    pub first_line: Option<Value>,
}

/// One declared header.
pub struct Header {
    /// Its name as the document writes it.
    pub name: String,
    /// Whether an answer must have it.
    pub required: bool,
    schema: Value,
}

/// What the document says about a method and a path.
pub enum Target<'a> {
    /// The operation that answers; for `HEAD` it is the one of `GET`.
    Operation(&'a Operation),
    /// The path is known, the method is not; these are the methods it has, `HEAD` with `GET`, sorted.
    OtherMethod(Vec<String>),
    /// No operation has the path.
    UnknownPath,
}

impl Spec {
    /// Reads the repository's `openapi.yaml`.
    ///
    /// # Panics
    /// When the document cannot be read or lacks what the linter demands of it.
    pub fn load() -> Self {
        let path = repository().join("openapi.yaml");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(&text)
    }

    /// Reads a document from its text.
    ///
    /// # Panics
    /// As [`Spec::load`].
    pub fn parse(text: &str) -> Self {
        Self::read(text).unwrap_or_else(|fault| panic!("the specification: {fault}"))
    }

    /// Reads a document from its text.
    ///
    /// # Errors
    /// When it is no YAML, or lacks what the linter demands of it.
    pub fn read(text: &str) -> Result<Self, String> {
        let document: Value = serde_norway::from_str(text).map_err(|error| error.to_string())?;
        let definitions = document["components"]["schemas"]
            .as_object()
            .map(|schemas| {
                schemas
                    .iter()
                    .map(|(name, schema)| (name.clone(), json_schema(schema)))
                    .collect::<Map<_, _>>()
            })
            .unwrap_or_default();
        let mut operations = Vec::new();
        for (path, item) in members(&document["paths"]) {
            for method in METHODS {
                let Some(operation) = item.get(method) else {
                    continue;
                };
                let body = resolve(&document, &operation["requestBody"])?;
                let mut catches_all = false;
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    catches_all |= resolve(&document, parameter)?["x-catch-all"] == true;
                }
                operations.push(Operation {
                    id: text_of(&operation["operationId"])?,
                    tag: operation["tags"][0].as_str().unwrap_or_default().to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    catches_all,
                    bodies: members(&body["content"]).map(|(media, _)| media.clone()).collect(),
                    responses: responses(&document, &operation["responses"])?,
                    security: security(operation)?,
                    opens: operation["x-open-by-setting"] == true,
                });
            }
        }
        Ok(Self {
            door: responses(&document, &document["x-door-responses"])?,
            everywhere: headers(&document, &document["x-response-headers"])?,
            max_body_bytes: document["x-max-body-bytes"].as_u64().and_then(|bytes| bytes.try_into().ok()),
            definitions: Value::Object(definitions),
            judges: Mutex::default(),
            operations,
        })
    }

    /// Whom a request is for. `target` may carry a query, which plays no part.
    pub fn target(&self, method: &str, target: &str) -> Target<'_> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let sought = if method == "HEAD" { "GET" } else { method };
        let here: Vec<&Operation> =
            self.operations.iter().filter(|operation| matches(operation, path)).collect();
        // A literal path wins over one with parameters (OpenAPI 3.0.3, Paths Object).
        let fewest = here.iter().map(|one| one.path.matches('{').count()).min();
        let here: Vec<&Operation> =
            here.into_iter().filter(|one| Some(one.path.matches('{').count()) == fewest).collect();
        if let Some(operation) = here.iter().find(|operation| operation.method == sought) {
            return Target::Operation(operation);
        }
        if here.is_empty() {
            return Target::UnknownPath;
        }
        let mut methods: Vec<String> = here.iter().map(|one| one.method.clone()).collect();
        if methods.iter().any(|method| method == "GET") {
            methods.push("HEAD".to_owned());
        }
        methods.sort();
        Target::OtherMethod(methods)
    }

    /// What is wrong with a JSON value under a schema of this document; nothing if it is valid.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        match &*self.judge(schema) {
            Ok(judge) => judge
                .iter_errors(value)
                .map(|error| format!("{}: {error}", pointer(&error.instance_path().to_string())))
                .collect(),
            Err(fault) => vec![format!("(the whole): the specification's schema is none: {fault}")],
        }
    }

    fn judge(&self, schema: &Value) -> Arc<Judge> {
        let mut judges = self.judges.lock().unwrap_or_else(PoisonError::into_inner);
        let built = judges.entry(schema.to_string()).or_insert_with(|| {
            let mut whole = schema.clone();
            whole["$defs"] = self.definitions.clone();
            let judge = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .should_validate_formats(true)
                .with_format("date-time", is_utc_with_milliseconds)
                .build(&whole);
            Arc::new(judge.map_err(|error| error.to_string()))
        });
        Arc::clone(built)
    }
}

impl Header {
    /// What is wrong with a value of this header; nothing if it is valid.
    pub fn faults(&self, spec: &Spec, value: &str) -> Vec<String> {
        let value = match self.schema["type"].as_str() {
            Some("integer") => value.parse::<i64>().map_or(json!(value), |number| json!(number)),
            Some("boolean") => value.parse::<bool>().map_or(json!(value), |truth| json!(truth)),
            _ => json!(value),
        };
        spec.faults(&self.schema, &value)
    }
}

/// The place of a fault, for people.
fn pointer(path: &str) -> &str {
    if path.is_empty() { "(the whole)" } else { path }
}

/// Answers have their times in UTC with milliseconds, which is narrower than RFC 3339.
fn is_utc_with_milliseconds(value: &str) -> bool {
    let shape = "0000-00-00T00:00:00.000Z";
    value.len() == shape.len()
        && value
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, like)| if like == b'0' { byte.is_ascii_digit() } else { byte == like })
}

/// Whether the path of an operation, with its parameters in braces, is this path.
fn matches(operation: &Operation, path: &str) -> bool {
    let template: Vec<&str> = operation.path.split('/').collect();
    let path: Vec<&str> = match operation.catches_all {
        true => path.splitn(template.len(), '/').collect(),
        false => path.split('/').collect(),
    };
    template.len() == path.len()
        && template.iter().zip(&path).all(|(expected, found)| {
            if expected.starts_with('{') { !found.is_empty() } else { expected == found }
        })
}

fn security(operation: &Value) -> Result<Security, String> {
    if operation.get("x-client-authentication").is_some() {
        return Ok(Security::Client);
    }
    Ok(match &operation["security"][0]["oauth2"] {
        Value::Array(scopes) => Security::Bearer {
            scopes: scopes.iter().map(text_of).collect::<Result<_, _>>()?,
            own: operation["x-self"]["scope"].as_str().map(str::to_owned),
        },
        _ => Security::Public,
    })
}

fn responses(document: &Value, written: &Value) -> Result<BTreeMap<u16, Response>, String> {
    let response = |(status, response): (&String, &Value)| {
        let status = status.parse().map_err(|_| format!("{status} is not the number of a status"))?;
        let response = resolve(document, response)?;
        let content = members(&response["content"])
            .map(|(media, content)| (media.clone(), json_schema(&content["schema"])))
            .collect();
        let first_line = response.get("x-first-line").map(json_schema);
        Ok((status, Response { headers: headers(document, &response["headers"])?, content, first_line }))
    };
    members(written).map(response).collect()
}

fn headers(document: &Value, written: &Value) -> Result<Vec<Header>, String> {
    let header = |(name, header): (&String, &Value)| {
        let header = resolve(document, header)?;
        Ok(Header {
            name: name.clone(),
            required: header["required"].as_bool().unwrap_or(false),
            schema: json_schema(resolve(document, &header["schema"])?),
        })
    };
    members(written).map(header).collect()
}

/// An OpenAPI 3.0 schema of an answer as a JSON Schema: `nullable` becomes a type, formats of numbers become bounds, and an
/// object that does not say otherwise has no further members.
fn json_schema(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else {
        return schema.clone();
    };
    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
        return json!({ "$ref": reference.replace("#/components/schemas/", "#/$defs/") });
    }
    let mut result = Map::new();
    for (key, value) in members {
        let value = match key.as_str() {
            "properties" => value
                .as_object()
                .map(|properties| {
                    properties.iter().map(|(name, schema)| (name.clone(), json_schema(schema))).collect()
                })
                .map_or(Value::Null, Value::Object),
            "items" | "additionalProperties" => json_schema(value),
            "example" | "description" | "nullable" | "readOnly" => continue,
            extension if extension.starts_with("x-") => continue,
            _ => value.clone(),
        };
        result.insert(key.clone(), value);
    }
    match members.get("format").and_then(Value::as_str) {
        Some("int32") => bounds(&mut result, i32::MIN.into(), i32::MAX.into()),
        Some("int64") => bounds(&mut result, i64::MIN, i64::MAX),
        _ => {}
    }
    if members.get("type") == Some(&json!("object")) {
        result.entry("additionalProperties").or_insert(json!(false));
    }
    if members.get("nullable") == Some(&json!(true)) {
        if let Some(kind) = result.remove("type") {
            result.insert("type".to_owned(), json!([kind, "null"]));
        }
        if let Some(Value::Array(values)) = result.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    Value::Object(result)
}

fn bounds(schema: &mut Map<String, Value>, minimum: i64, maximum: i64) {
    schema.remove("format");
    schema.entry("minimum").or_insert(json!(minimum));
    schema.entry("maximum").or_insert(json!(maximum));
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value, String> {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .ok_or_else(|| format!("{reference} leads nowhere")),
        None => Ok(value),
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text_of(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{value} should be a text"))
}
