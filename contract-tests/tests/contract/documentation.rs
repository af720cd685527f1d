//! getOpenapiYaml, getOpenapiJson, getApiDocs and its assets.

use contract_tests::on_both_databases;
use contract_tests::spec::repository;
use contract_tests::world::Case;
use serde_json::Value;

on_both_databases![
    the_document_is_the_repositorys,
    the_document_is_there_as_json,
    the_documentation_is_a_page_that_needs_nothing_from_elsewhere,
];

fn the_document_is_the_repositorys(case: Case) {
    let world = case.world();
    let answer = world.anyone().gets("/openapi.yaml");
    assert_eq!(answer.status(), 200);
    let document =
        std::fs::read_to_string(repository().join("openapi.yaml")).expect("openapi.yaml can be read");
    assert!(answer.text() == document, "the server was built from another openapi.yaml");
}

fn the_document_is_there_as_json(case: Case) {
    let world = case.world();
    let answer = world.anyone().gets("/openapi.json");
    assert_eq!(answer.status(), 200);
    let yaml: Value =
        serde_norway::from_str(&world.anyone().gets("/openapi.yaml").text()).expect("openapi.yaml is YAML");
    assert!(answer.json() == yaml, "openapi.json says something else than openapi.yaml");
}

fn the_documentation_is_a_page_that_needs_nothing_from_elsewhere(case: Case) {
    let world = case.world();
    let page = world.anyone().gets("/api-docs").is_as_recorded();
    let assets =
        ["/api-docs/swagger-ui.css", "/api-docs/swagger-ui-bundle.js", "/api-docs/swagger-initializer.js"];
    for asset in assets {
        let answer = world.anyone().gets(asset);
        assert_eq!(answer.status(), 200, "{asset}");
        assert!(!answer.text().is_empty(), "{asset} is empty");
        let name = asset.rsplit('/').next().unwrap_or_default();
        assert!(page.text().contains(name), "the page does not load {asset}");
    }
    assert!(!page.text().contains("//"), "the page loads something from elsewhere");
    assert!(world.anyone().gets("/api-docs/swagger-initializer.js").text().contains("/openapi.json"));
}
