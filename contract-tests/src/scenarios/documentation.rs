//! getOpenapiYaml, getOpenapiJson, and the pages of /api-docs.

use super::Scenario;
use serde_json::Value;

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "the specification is there, as YAML and as JSON",
            &[("getOpenapiYaml", 200), ("getOpenapiJson", 200)],
            &[],
            |site| {
                let yaml = site.anyone().gets("/openapi.yaml").is(200);
                let document: Value = serde_norway::from_str(&yaml.text()).unwrap_or_default();
                yaml.shows(document["openapi"].is_string(), "it should be an OpenAPI document");
                let json = site.anyone().gets("/openapi.json").is(200);
                let same = json.json() == document;
                json.shows(same, "it should say the same as /openapi.yaml");
            },
        ),
        Scenario::new(
            "the documentation is a page that needs nothing from elsewhere",
            &[
                ("getApiDocs", 200),
                ("getApiDocsStylesheet", 200),
                ("getApiDocsScript", 200),
                ("getApiDocsInitializer", 200),
            ],
            &[],
            |site| {
                let page = site.anyone().gets("/api-docs").is(200);
                let text = page.text();
                page.shows(!text.contains("//"), "the page should load nothing from elsewhere");
                for asset in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
                    let answer = site.anyone().gets(&format!("/api-docs/{asset}")).is(200);
                    answer.shows(text.contains(asset), "the page should load this");
                }
            },
        ),
    ]
}
